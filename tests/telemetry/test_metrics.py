"""Facts become metrics."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.core.audit import Result
from bot.telemetry.events import EVENTS, Counts, Row
from bot.telemetry.metrics import Metrics
from bot.telemetry.told import LoggedTelemetry

Samples = dict[str, float]


def samples(metrics: Metrics, start: str = "flux_bot_") -> Samples:
    """Every sample but creation times, as Prometheus would read it: `name{label=value}`."""
    _, body = metrics.exposition()
    found: Samples = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            if name.startswith(start) and not sample.name.endswith("_created"):
                found[name] = sample.value
    return found


def test_requests_and_refusals_are_counted_by_what_they_were() -> None:
    metrics = Metrics("1.2.3")
    telemetry = LoggedTelemetry(metrics)
    telemetry.tell("ended", request="r1", verb="reconcile", outcome=Result.TIMED_OUT, seconds=3)
    telemetry.tell("ended", request="r2", verb="reconcile", outcome=Result.TIMED_OUT, seconds=4)
    telemetry.tell("refused", reason="RULES", user="U1")
    assert samples(metrics, "flux_bot_requests_ended") == {
        "flux_bot_requests_ended_total{outcome=timed_out,verb=reconcile}": 2.0
    }
    assert samples(metrics, "flux_bot_refusals") == {"flux_bot_refusals_total{reason=RULES}": 1.0}
    seconds = samples(metrics, "flux_bot_request_seconds_sum")
    assert seconds == {"flux_bot_request_seconds_sum{outcome=timed_out,verb=reconcile}": 7.0}
    assert samples(metrics, "flux_bot_info") == {"flux_bot_info{version=1.2.3}": 1.0}


def test_a_watch_is_blind_until_it_sees_and_the_seconds_add_up() -> None:
    metrics = Metrics("0")
    metrics.record("watch_blind", {"cluster": "prod", "kind": "Kustomization"})
    assert samples(metrics, "flux_bot_watch_blind{") == {"flux_bot_watch_blind{cluster=prod,kind=Kustomization}": 1.0}
    for seconds in (2.5, 4):
        metrics.record("watch_sees", {"cluster": "prod", "kind": "Kustomization", "seconds": seconds})
    assert samples(metrics, "flux_bot_watch_blind") == {
        "flux_bot_watch_blind{cluster=prod,kind=Kustomization}": 0.0,
        "flux_bot_watch_blind_seconds_total{cluster=prod,kind=Kustomization}": 6.5,
    }


def test_what_slack_limits_is_counted_with_the_time_it_took() -> None:
    metrics = Metrics("0")
    metrics.record("slack.called", {"method": "chat.update", "outcome": "ok", "waiting": 2})
    metrics.record("slack.limited", {"method": "chat.update", "outcome": "ratelimited", "seconds": 30, "waiting": 3})
    metrics.record("slack.limited", {"method": "chat.update", "outcome": "ratelimited", "seconds": 1, "waiting": 4})
    metrics.record("slack.queued", {"depth": 7})
    assert {name: value for name, value in samples(metrics, "flux_bot_slack_").items() if "method" in name} == {
        "flux_bot_slack_calls_total{method=chat.update,outcome=ok}": 1.0,
        "flux_bot_slack_calls_total{method=chat.update,outcome=ratelimited}": 2.0,
        "flux_bot_slack_rate_limited_total{method=chat.update}": 2.0,
        "flux_bot_slack_paused_seconds_total{method=chat.update}": 31.0,
        "flux_bot_slack_queue_depth{method=chat.update}": 4.0,
    }
    assert samples(metrics, "flux_bot_courier") == {"flux_bot_courier_queue_depth": 7.0}


def test_facts_that_are_missing_or_no_number_move_nothing() -> None:
    metrics = Metrics("0")
    for facts in ({}, {"seconds": "soon"}, {"seconds": True}, {"seconds": None}):
        metrics.record("conveyed", facts)
    metrics.record("watch_sees", {"cluster": "a", "kind": "b", "seconds": -1})
    assert samples(metrics, "flux_bot_notice_to_slack_seconds_count") == {
        "flux_bot_notice_to_slack_seconds_count": 0.0
    }
    assert samples(metrics, "flux_bot_watch_blind_seconds") == {}


def test_an_event_without_a_row_is_counted_by_its_name() -> None:
    metrics = Metrics("0")
    telemetry = LoggedTelemetry(metrics)
    telemetry.tell("afterlife_ended", why="x")
    telemetry.broke("courier_died", ValueError("x"))
    assert samples(metrics, "flux_bot_events") == {"flux_bot_events_total{event=afterlife_ended}": 1.0}
    assert samples(metrics, "flux_bot_failures") == {"flux_bot_failures_total{event=courier_died}": 1.0}


def test_a_metric_whose_labels_run_wild_stops_growing_and_goes_on_counting() -> None:
    metrics = Metrics("0", {"pressed": Row((Counts("presses", "Presses.", ("who",)),))})
    for number in range(700):
        metrics.record("pressed", {"who": f"U{number}"})
    found = samples(metrics, "flux_bot_presses")
    assert len(found) == 501
    assert found["flux_bot_presses_total{who=other}"] == 200.0
    assert sum(found.values()) == 700.0


def test_two_processes_in_one_python_share_no_numbers() -> None:
    one, other = Metrics("0"), Metrics("0")
    one.record("healed", {})
    assert samples(one, "flux_bot_healed") == {"flux_bot_healed_total": 1.0}
    assert samples(other, "flux_bot_healed") == {"flux_bot_healed_total": 0.0}


def test_every_row_of_the_table_can_be_moved_and_scraped() -> None:
    metrics = Metrics("0")
    facts = {label: "x" for row in EVENTS.values() for meter in row.meters for label in meter.labels} | {
        "seconds": 1.0,
        "depth": 1,
        "count": 1,
        "waiting": 1,
    }
    for event in EVENTS:
        metrics.record(event, facts)
    found = samples(metrics)
    for row in EVENTS.values():
        for meter in row.meters:
            names = [name for name in found if name.startswith(f"flux_bot_{meter.name}")]
            assert names, f"{meter.name} shows nothing"
