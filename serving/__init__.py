"""Questions to answers: the HTTP ingress, the agent, and how Ray Serve hosts them. Knows nothing of pipelines."""
