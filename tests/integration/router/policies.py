"""A small policy that uses every rule of the spine: two lines, four groups, tiers, preferred waits, wrap-ups."""

POLICY_YAML = """\
enrichment_wait_ms: 150
connect_timeout_seconds: 10
preferred_wait_seconds: 15
missed_exclusion_seconds: 30
rona_alert_after: 2
business_lines:
  rental: {name: {zh: 租赁, en: Rental}, default_group: rental-general}
  repair: {name: {zh: 维修, en: Repair}, default_group: repair-general}
skills:
  mandarin: {name: {zh: 普通话, en: Mandarin}}
  cantonese: {name: {zh: 粤语, en: Cantonese}}
  rental: {name: {zh: 租赁, en: Rental}}
  repair: {name: {zh: 维修, en: Repair}}
tiers:
  gold: {name: {zh: 金卡, en: Gold}, head_start_seconds: 60}
dispositions:
  solved: {name: {zh: 已解决, en: Solved}}
groups:
  rental-general:
    business_line: rental
    skills: [{skill: rental, level: 3}]
    targets: {phone: 20, web: 60}
    wrap_up:
      phone: {mode: timed, seconds: 20, extensions: 1}
  rental-contract:
    business_line: rental
    strategy: best_proficiency
    skills: [{skill: rental, level: 6}]
    offer_timeout_seconds: {phone: 10}
    wrap_up:
      phone: {mode: until_done}
  repair-general:
    business_line: repair
    strategy: fewest_handled
    skills: [{skill: repair, level: 1}]
  repair-urgent:
    business_line: repair
    strategy: least_occupied
    auto_accept: true
    skills: [{skill: repair, level: 4}]
    targets: {phone: 10}
"""
