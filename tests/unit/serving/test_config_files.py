"""Ray's two files, checked against Ray's own schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray.autoscaler
import yaml
from ray.serve.schema import ServeDeploySchema

from core.settings import Settings
from serving.cluster import read_config, read_environment

ROOT = Path(__file__).parents[3]


@pytest.fixture
def cluster() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())
    return loaded


def test_the_serve_config_is_one_that_ray_accepts() -> None:
    config = ServeDeploySchema.model_validate(read_config())
    [app] = config.applications
    assert [deployment.name for deployment in app.deployments] == ["Ingress", "Agent", "Embedder"]


def test_the_serve_config_listens_where_the_settings_do_by_default() -> None:
    config = ServeDeploySchema.model_validate(read_config())
    settings = Settings(_env_file=None)
    assert (config.http_options.host, config.http_options.port) == (settings.host, settings.port)


def test_every_deployment_scales_and_has_a_bounded_queue() -> None:
    [app] = ServeDeploySchema.model_validate(read_config()).applications
    for deployment in app.deployments:
        assert deployment.autoscaling_config
        assert deployment.max_queued_requests > 0


def test_one_replica_of_each_leaves_room_to_grow_on_two_cores() -> None:
    [app] = ServeDeploySchema.model_validate(read_config()).applications
    shares = [deployment.ray_actor_options.num_cpus or 0 for deployment in app.deployments]
    assert sum(shares) + max(shares) <= 2


def test_the_cluster_file_satisfies_rays_schema(cluster: dict[str, Any]) -> None:
    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    jsonschema.validate(cluster, schema)


def test_the_cluster_has_cpu_and_gpu_workers_that_scale(cluster: dict[str, Any]) -> None:
    workers = {name: kind for name, kind in cluster["available_node_types"].items() if name != "head"}
    assert {"GPU" in kind["resources"] for kind in workers.values()} == {True, False}
    assert all(kind["max_workers"] > kind["min_workers"] for kind in workers.values())


def test_the_clusters_dashboard_listens_on_loopback(cluster: dict[str, Any]) -> None:
    [start] = [command for command in cluster["head_start_ray_commands"] if "--head" in command]
    assert "--dashboard-host=127.0.0.1" in start


def test_every_node_of_the_cluster_gets_rays_environment(cluster: dict[str, Any]) -> None:
    starts = [*cluster["head_start_ray_commands"], *cluster["worker_start_ray_commands"]]
    assert all(". serving/ray.env" in command for command in starts if "ray start" in command)


def test_ray_takes_orders_only_with_its_token() -> None:
    assert read_environment()["RAY_AUTH_MODE"] == "token"


def test_the_cluster_installs_the_lock(cluster: dict[str, Any]) -> None:
    assert any("--no-deps -r requirements.lock" in command for command in cluster["setup_commands"])
