"""A fax as the demo's customers send it: a form of one or two pages, in English letters (no Chinese font is needed)."""

from __future__ import annotations

from datetime import UTC, datetime


def fax_document(group: str, customer_key: str | None, number: int) -> bytes:
    """A PDF about `group`; every third one has a second page."""
    from fpdf import FPDF  # here: importing it takes a second, and the first fax comes later than that

    pdf = FPDF(format="A4")
    pdf.set_margin(22)
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 20)
    pdf.cell(0, 12, "TELEFAX", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=11)
    for label, value in (
        ("To", "Jinfeng Realty, service centre"),
        ("Customer no.", customer_key or "-"),
        ("Subject", group.replace("-", " ")),
        ("Date", datetime.now(UTC).strftime("%Y-%m-%d")),
    ):
        pdf.cell(40, 8, label)
        pdf.cell(0, 8, value, border="B", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(8)
    pdf.multi_cell(0, 7, "Please find our request below. Kindly confirm receipt and tell us who looks after it.\n\n"
                         "[x] Please call back      [ ] Please answer by fax      [ ] For your files only")  # fmt: skip
    if number % 3 == 0:
        pdf.add_page()
        pdf.set_font("Helvetica", "B", 14)
        pdf.cell(0, 10, "Annex", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Helvetica", size=11)
        for line in range(1, 13):
            pdf.cell(20, 8, str(line), border=1)
            pdf.cell(0, 8, "", border=1, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())
