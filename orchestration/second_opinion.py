"""What is owed, said a second time: the rulebook in plain Python, from measures and terms, sharing nothing with the SQL.

A candidate is a dictionary: period, beneficiary, subject, component, version, and ``measures``, the figures that were measured
for it. Terms are a dictionary of one program: as_of, periods (settle_on of each), versions (figures, tiers by class, places). An
opinion is what a candidate is owed, in cents, and its stage, in the order of the candidates. Does not belong here: reading
candidates, measuring anything, or comparing (``agreement``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

Candidate = dict[str, Any]
Terms = dict[str, Any]
Opinion = tuple[int, str]

RANKS = ("BRONZE", "SILVER", "GOLD", "PLATINUM", "DIAMOND")


def second_opinion(kind: str, candidates: Sequence[Candidate], terms: Terms) -> list[Opinion]:
    """What each candidate of one program is owed; KeyError for a kind that nobody wrote an opinion on, or a measure that lacks."""
    if kind == "referral_reward":
        return _referrals(candidates, terms)
    amounts = _RULES[kind](candidates, terms)
    return [(cents, _stage(candidate, terms)) for candidate, cents in zip(candidates, amounts, strict=True)]


def _stage(candidate: Candidate, terms: Terms) -> str:
    if candidate["component"] == "consistency":
        return "FINAL"
    return "FINAL" if terms["as_of"] >= terms["periods"][candidate["period"]]["settle_on"] else "PROVISIONAL"


def _version(candidate: Candidate, terms: Terms) -> dict[str, Any]:
    version: dict[str, Any] = terms["versions"][candidate["version"]]
    return version


def _tier(steps: Sequence[tuple[int, int]], reached: int) -> int:
    """The amount of the highest threshold that is reached."""
    return max((amount for threshold, amount in steps if threshold <= reached), default=0)


def _place(places: Sequence[tuple[int, int, int]], rank: int) -> int:
    return sum(amount for first, last, amount in places if first <= rank <= last)


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _daily_gmv(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.2."""
    owed = []
    for candidate in candidates:
        seen, version = candidate["measures"], _version(candidate, terms)
        before = seen["baseline_gmv_cents"] // _days(seen["baseline_first_day"], seen["baseline_last_day"])
        now = seen["counted_gmv_cents"] // _days(seen["counted_first_day"], seen["counted_last_day"])
        increment = now - max(before, version["baseline_floor_cents"])
        owed.append(_tier(version["tiers"][""], increment) if seen["has_history"] else 0)
    return owed


def _rank_upgrade(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.3."""
    owed = []
    for candidate in candidates:
        seen = candidate["measures"]
        changes = [change.split(" ")[1] for change in (seen["rank_changes"] or "").split(", ") if change]
        levels = [RANKS.index(rank) + 1 for rank in changes]
        prior = RANKS.index(seen["prior_rank"]) + 1
        kept = 0
        for level, amount in _version(candidate, terms)["tiers"][""]:
            first = next((at for at, reached in enumerate(levels) if reached >= level), None)
            if level > prior and first is not None and min(levels[first:]) >= level:
                kept = max(kept, amount)
        owed.append(kept)
    return owed


def _short_video(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.4."""
    owed = [0] * len(candidates)
    months = defaultdict(list)
    for at, candidate in enumerate(candidates):
        if candidate["component"] == "monthly_rank":
            months[candidate["period"]].append(at)
    awarded: dict[str, int] = defaultdict(int)
    for race in months.values():
        for rank, at in enumerate(
            sorted((at for at in race if _enters(candidates[at], terms)), key=_by_growth(candidates)), 1
        ):
            seen, version = candidates[at]["measures"], _version(candidates[at], terms)
            stays = seen["has_history"] and seen["is_of_named_type"]
            if stays and seen["tested_growth_cents"] >= version["min_growth_cents"]:
                owed[at] = _place(version["places"], rank)
                awarded[candidates[at]["beneficiary"]] += owed[at] > 0
    for at, candidate in enumerate(candidates):
        if candidate["component"] == "consistency" and candidate["measures"]["is_of_named_type"]:
            is_whole = awarded[candidate["beneficiary"]] == len(terms["periods"])
            owed[at] = _version(candidate, terms)["consistency_cents"] if is_whole else 0
    return owed


def _enters(candidate: Candidate, terms: Terms) -> bool:
    seen = candidate["measures"]
    growth = seen["current_cents"] - seen["baseline_cents"]
    return bool(
        seen["had_history"] and seen["was_of_named_type"] and growth >= _version(candidate, terms)["min_growth_cents"]
    )


def _by_growth(candidates: Sequence[Candidate]) -> Callable[[int], tuple[int, int, str]]:
    def key(at: int) -> tuple[int, int, str]:
        seen = candidates[at]["measures"]
        return seen["baseline_cents"] - seen["current_cents"], -seen["gross_cents"], candidates[at]["beneficiary"]

    return key


def _affiliate(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.5."""
    owed = [0] * len(candidates)
    partners = defaultdict(list)
    for at, candidate in enumerate(candidates):
        gmv, version = candidate["measures"]["gmv_cents"], _version(candidate, terms)
        if gmv >= version["min_gmv_cents"]:
            reward = min(version["max_reward_cents"], gmv * version["rate_bps"] // 10_000)
            partners[candidate["period"], candidate["beneficiary"]].append((-reward, -gmv, candidate["subject"], at))
    for shops in partners.values():
        for place, (reward, _, _, at) in enumerate(sorted(shops), 1):
            owed[at] = -reward if place <= _version(candidates[at], terms)["max_sellers"] else 0
    return owed


def _matching(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.6."""
    owed = []
    for candidate in candidates:
        seen, version = candidate["measures"], _version(candidate, terms)
        days = _days(seen["class_window_first_day"], seen["class_window_last_day"])
        if seen["latest_rank"] and RANKS.index(seen["latest_rank"]) >= RANKS.index(version["ranked_from"]):
            tiers = version["tiers"]["ranked"]
        elif seen["class_gmv_cents"] // days >= version["high_from_cents"]:
            tiers = version["tiers"]["october_high"]
        else:
            tiers = version["tiers"]["october_low"]
        owed.append(_tier(tiers, seen["matched_gmv_cents"]) if seen["has_history"] else 0)
    return owed


def _championship(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.7."""
    owed = [0] * len(candidates)
    rounds = defaultdict(list)
    for at, candidate in enumerate(candidates):
        seen, version = candidate["measures"], _version(candidate, terms)
        if candidate["component"] == "attendance":
            lasted = seen["lasted_microseconds"] >= version["min_minutes"] * 60_000_000
            is_met = seen["score_cents"] >= version["attendance_event_min_score_cents"]
            owed[at] = version["attendance_amount_cents"] if lasted and seen["is_invited"] and is_met else 0
        elif seen["drawn_sessions"] and seen["drawn_score_cents"] >= version["leaderboard_min_score_cents"]:
            key = (-seen["drawn_score_cents"], -seen["drawn_gross_cents"], candidate["beneficiary"], at)
            rounds[candidate["period"]].append(key)
    for entrants in rounds.values():
        for rank, (*_, at) in enumerate(sorted(entrants), 1):
            seen, version = candidates[at]["measures"], _version(candidates[at], terms)
            if seen["sessions_now"] and seen["score_now_cents"] >= version["leaderboard_min_score_cents"]:
                owed[at] = _place(version["places"], rank)
    return owed


def _incubation(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.8."""
    return [
        _tier(_version(candidate, terms)["tiers"][""], candidate["measures"]["gmv_cents"])
        if candidate["measures"]["is_named_type"]
        else 0
        for candidate in candidates
    ]


def _deals(candidates: Sequence[Candidate], terms: Terms) -> list[int]:
    """RULEBOOK 2.9."""
    owed = [0] * len(candidates)
    drawn: dict[str, int] = defaultdict(int)
    for at, candidate in sorted(enumerate(candidates), key=lambda numbered: numbered[1]["period"]):
        seen, deal = candidate["measures"], candidate["subject"]
        owed[at] = min(seen["requested_cents"], max(seen["budget_cents"] - drawn[deal], 0))
        drawn[deal] += owed[at]
    return owed


def _referrals(candidates: Sequence[Candidate], terms: Terms) -> list[Opinion]:
    """RULEBOOK 2.1: places under the cap, stages and milestones, of referrals that qualify."""
    owed: list[Opinion] = [(0, "FINAL" if one["component"] == "milestone" else "PROVISIONAL") for one in candidates]
    claims = defaultdict(list)
    for at, candidate in enumerate(candidates):
        if candidate["component"] == "referral" and candidate["measures"]["status"] not in (
            "FAILED",
            "WAITING",
            "LAPSED",
        ):
            paid_at = datetime.fromisoformat(candidate["measures"]["paid_at"])
            claims[candidate["beneficiary"]].append((paid_at, candidate["subject"], at))
    finals: dict[str, int] = defaultdict(int)
    for referrer, found in claims.items():
        for place, (_, _, at) in enumerate(sorted(found), 1):
            seen, version = candidates[at]["measures"], _version(candidates[at], terms)
            if place <= version["max_referrals"]:
                final_on = seen["final_on"] and date.fromisoformat(seen["final_on"])
                is_final = bool(final_on) and terms["as_of"] >= final_on and not seen["is_flagged"]
                finals[referrer] += is_final
                owed[at] = (version["amount_per_referral_cents"], "FINAL" if is_final else "PROVISIONAL")
    for at, candidate in enumerate(candidates):
        if candidate["component"] == "milestone":
            steps = dict(_version(candidate, terms)["tiers"][""])
            milestone = int(candidate["subject"])
            owed[at] = (steps[milestone] if finals[candidate["beneficiary"]] >= milestone else 0, "FINAL")
    return owed


_RULES: dict[str, Callable[[Sequence[Candidate], Terms], list[int]]] = {
    "incremental_daily_gmv": _daily_gmv,
    "rank_upgrade": _rank_upgrade,
    "short_video_growth": _short_video,
    "affiliate_service": _affiliate,
    "creator_matching_challenge": _matching,
    "live_championship": _championship,
    "creator_incubation": _incubation,
    "funded_deals": _deals,
}
