"""Questions drafted from a site's own pages, for a person to review: FAQs, definitions, tables, facts, how-tos.

Each kind is a module with one function from a page to drafts; `choice` picks among them, `files` keeps them.
"""
