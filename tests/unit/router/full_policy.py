"""A policy document that uses every key once, written as a manager would."""

from __future__ import annotations

from typing import Any

FULL_POLICY: dict[str, Any] = {
    "enrichment_wait_ms": 200,
    "approval": "two_people",
    "time_zone": "Asia/Shanghai",
    "business_lines": {"rental": {"name": {"zh": "租赁", "en": "Rental"}, "default_group": "enquiry"}},
    "skills": {
        "rental": {"name": {"zh": "租赁", "en": "Rental"}},
        "zh-yue": {"name": {"zh": "粤语", "en": "Cantonese"}},
    },
    "calendars": {
        "office": {
            "name": {"zh": "办公时间", "en": "Office hours"},
            "time_zone": "Asia/Shanghai",
            "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"], "sat": "10:00-16:00", "sun": "closed"},
            "holidays": "CN",
            "make_up_as": "fri",
            "exceptions": {"2026-12-31": "closed", "2027-01-02": ["10:00-14:00"]},
        },
        "night": {"week": {"mon-sun": "22:00-06:00"}, "time_zone": "Europe/Berlin"},
    },
    "sites": {"pudong": {"name": {"zh": "浦东", "en": "Pudong"}}},
    "outside": {
        "plumber": {"name": {"zh": "水管工", "en": "Plumber"}, "number": "+862155550199", "caller_id": "+862155550100"}
    },
    "request_reasons": {"vip": {"name": {"zh": "重要客户", "en": "Important customer"}}},
    "exposure": {"window_seconds": 7200, "cap": 60, "override_wait_seconds": None},
    "blending": {"reserve_agents": 2, "resume_percent": 90, "tolerated_loss_points": 3},
    "between_calls": {"pause_seconds": 8, "inbound_too": True},
    "tiers": {
        "gold": {
            "name": {"zh": "金卡", "en": "Gold"},
            "head_start_seconds": 60,
            "because": {"zh": "成交四笔", "en": "Four deals"},
            "customer_text": {"zh": "您提前一分钟", "en": "You are served a minute earlier"},
            "way_up": {"zh": "24 个月内成交四笔", "en": "Four deals in 24 months"},
            "appeal": {"zh": "请致电客服主管", "en": "Ask for the head of service"},
        }
    },
    "groups": {
        "enquiry": {
            "name": {"zh": "咨询", "en": "Enquiries"},
            "business_line": "rental",
            "skills": [{"skill": "rental", "level": 6}],
            "hours": "office",
            "closing": {"drain_seconds": 600, "then": "callback", "when_closed": {"number": "plumber"}},
            "overflow": [
                {"max_waiting": 10, "to": {"group": "hard"}, "channels": ["phone"]},
                {"max_wait_seconds": 300, "to": {"site": "pudong"}},
                {"unstaffed_seconds": 0, "to": "message"},
            ],
            "relaxation": [
                {"after_seconds": 20, "lower": {"rental": 4}},
                {"after_seconds": 40, "drop": ["zh-yue"]},
                {
                    "after_seconds": 60,
                    "add": {"teams": ["t-1"], "sites": ["pudong"], "agents": ["a1"], "skills": [{"skill": "rental"}]},
                },
            ],
            "callback": {"offered": True, "mode": "customer_first", "attempts": 2},
            "chat": {"first_reply_seconds": 60, "waiting_after_seconds": 300, "close_after_seconds": 900},
            "rating": {"ask": True, "scale": 10, "low": 4, "share_percent": 50},
        },
        "hard": {"business_line": "rental", "severity": 7, "outbound": True},
    },
}
"""Every key of the document that is not in the policies of the other tests."""
