"""Mails as they come: words, threads, files, machines and reports; and as we write them."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.adapters.email.mails import File, Letter, Limits, Mail, history, read, words, written
from services.gateway.adapters.email.plain_text import new_words, of_html

LIMITS = Limits(2, 1_000)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50


def mail(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {
        "From": "王芳 <Fang@Example.com>",
        "To": "Desk <rental@homes.example>",
        "Subject": "租房",
        **headers,
    }.items():
        message[name.replace("_", "-")] = value
    message.set_content("水管漏水了\n")
    return message


def parsed(message: EmailMessage) -> Mail:
    return read(message.as_bytes(), LIMITS, "<fallback@x>")


def test_who_writes_what_to_whom() -> None:
    found = parsed(mail(Message_ID="<m1@example.com>", In_Reply_To="<a@x>", References="<b@x> <a@x>"))
    assert (found.sender, found.sender_name, found.to) == ("fang@example.com", "王芳", ("rental@homes.example",))
    assert (found.title, found.text, found.kind, found.message_id) == (
        "租房",
        "水管漏水了",
        "person",
        "<m1@example.com>",
    )
    assert found.references == ("<b@x>", "<a@x>")
    assert words(found, first=True) == "租房\n水管漏水了"


def test_chinese_under_a_smaller_name_than_it_needs() -> None:
    raw = b"From: a@b.cn\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" + "朱镕基 €".encode("gb18030")
    assert read(raw, LIMITS, "<f@x>").text == "朱镕基 €"
    raw = b"From: a@b.cn\r\nContent-Type: text/plain; charset=unheard-of\r\n\r\n" + "你好".encode()
    assert read(raw, LIMITS, "<f@x>").text == "你好"


def test_html_alone_becomes_words_and_links() -> None:
    html = '<head><title>x</title><style>p{}</style></head><p>Hello&nbsp;<b>you</b></p><script>bad()</script><a href="https://x.example">here</a>'
    assert of_html(html) == "Hello you\nhere (https://x.example)"
    message = mail()
    message.replace_header("Content-Type", "text/html; charset=utf-8")
    message.set_payload(html)
    assert parsed(message).text.startswith("Hello you")


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("好的\n\n在 2026年3月1日，客服 写道：\n> 您好\n> 请问", "好的"),
        ("Yes.\n\nOn Mon, 2 Mar 2026, Desk wrote:\n> Is it?\n", "Yes."),
        ("Fine\n-----Original Message-----\nFrom: x", "Fine"),
        ("收到\n\n------------------ 原始邮件 ------------------\n发件人: x", "收到"),
        ("Ok\n\nFrom: Desk\nSent: Monday\nTo: me\n\nold", "Ok"),
        ("> your question\nmy answer between the lines", "> your question\nmy answer between the lines"),
        ("> only quoted", "> only quoted"),
        ("他在信里写道：我们要搬家\n就这样", "他在信里写道：我们要搬家\n就这样"),
        ("plain", "plain"),
    ],
)
def test_only_new_words_are_taken(text: str, new: str) -> None:
    assert new_words(text) == new


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated; x=1"}, {"Precedence": "bulk"},
        {"Precedence": "List"}, {"X_Autoreply": "yes"}, {"List_Id": "<l.x>"}, {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@x.example"}, {"From": "no-reply@x.example"}, {"From": ""},
    ],
)  # fmt: skip
def test_machines_are_told_from_people(headers: dict[str, str]) -> None:
    assert parsed(mail(**headers)).kind == "machine"


def test_people_who_say_so_and_ours_come_back() -> None:
    assert parsed(mail(Auto_Submitted="no")).kind == "person"
    letter = Letter("<m@homes.example>", "rental@homes.example", "租赁部", "fang@example.com", "租房", "您好")
    assert read(written(letter, "gw-1").as_bytes(), LIMITS, "<f@x>").kind == "own"


def test_files_within_limits_and_of_kinds_that_are_taken() -> None:
    message = mail()
    message.add_attachment(PNG, maintype="application", subtype="octet-stream", filename="..\\厨房.png")
    message.add_attachment(b"MZ\x90\x00", maintype="image", subtype="png", filename="photo.png")
    message.add_attachment(b"%PDF-1.7" + b"x" * 2_000, maintype="application", subtype="pdf", filename="big.pdf")
    found = parsed(message)
    assert [(f.name, f.media_type, f.body) for f in found.files] == [("厨房.png", "image/png", PNG)]
    assert found.left_out == 2
    assert "2 attachments not taken" in words(found, first=True)
    assert found.text == "水管漏水了"


DSN = b"""From: MAILER-DAEMON@mx.example
To: rental@homes.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

Sorry.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; fang@example.com
Action: %s
Status: 5.1.1

--B
Content-Type: message/rfc822

Message-ID: <m-17@homes.example>
Subject: Re: x

words
--B--
"""


@pytest.mark.parametrize(("action", "state"), [(b"failed", "failed"), (b"delivered", "delivered"), (b"delayed", None)])
def test_delivery_reports_name_the_mail_they_are_about(action: bytes, state: str | None) -> None:
    found = read(DSN % action, LIMITS, "<f@x>")
    assert found.kind == "report"
    assert found.delivery is not None
    assert (found.delivery.original, found.delivery.state, found.delivery.reason) == (
        "<m-17@homes.example>",
        state,
        "status 5.1.1",
    )


def test_a_letter_is_threaded_signed_and_quotes_what_it_answers() -> None:
    letter = Letter(
        "<m-1@homes.example>", "rental@homes.example", "租赁部", "fang@example.com", "租房", "师傅下午到。", "锦丰租赁",
        history("水管漏水了", "王芳", "zh"), ("<a@x>", "<b@x>"), (File("合同.pdf", "application/pdf", b"%PDF-1"),),
    )  # fmt: skip
    wire = cast(EmailMessage, message_from_bytes(written(letter, "gw-1").as_bytes(), policy=policy.default))
    assert wire["Subject"] == "Re: 租房"
    assert (wire["In-Reply-To"], wire["References"]) == ("<b@x>", "<a@x> <b@x>")
    assert (wire["Auto-Submitted"], wire["X-UCC-Gateway"]) == ("no", "gw-1")
    body = wire.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "师傅下午到。\n\n-- \n锦丰租赁\n\n王芳 写道：\n> 水管漏水了\n"
    assert [part.get_filename() for part in wire.iter_attachments()] == ["合同.pdf"]


def test_a_title_cannot_add_headers() -> None:
    letter = Letter("<m@x>", "a@b.example", "", "c@d.example", "Re: x\r\nBcc: all@d.example", "hi")
    with pytest.raises(ValueError, match="linefeed"):
        written(letter, "gw-1")
    assert "\n" not in read(b"From: a@b.cn\r\nSubject: x\r\n y\r\n\r\n", LIMITS, "<f@x>").title


@given(st.binary(max_size=400))
def test_whatever_comes_is_read(raw: bytes) -> None:
    for head in (
        b"",
        b"From: a@b.cn\nContent-Type: multipart/mixed; boundary=B\n\n--B\n",
        b"From: ",
        b"Content-Type: multipart/report; ",
    ):
        found = read(head + raw, LIMITS, "<f@x>")
        assert found.message_id
        assert "\x00" not in found.text + found.title + found.sender
        assert (found.text + found.title + found.sender + found.sender_name + found.message_id).encode()


def test_bytes_nobody_can_decode_stop_nothing() -> None:
    raw = b"From: a@b.cn\nSubject: \xff\xfe\nMessage-ID: <\xff@x>\nContent-Type: text/plain; charset=unicode_escape\n\n\\ud800 x"
    found = read(raw, LIMITS, "<f@x>")
    assert (found.title + found.text + found.message_id).encode()
