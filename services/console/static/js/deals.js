// A deal in a line of words; money and terms only where the answer holds them.

import { money, nameOf, t } from "./words.js";

export function dealWords(deal) {
  const amount = deal.amount_cents === null || deal.amount_cents === undefined ? "" : money(deal.amount_cents, deal.currency);
  const ends = deal.ends_on ? t("deal.until", { day: deal.ends_on }) : "";
  return [nameOf("business_lines", deal.business_line), t(`deal.${deal.status}`), deal.signed_on, ends, amount].filter(Boolean).join(" · ");
}
