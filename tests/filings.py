"""Statements as the transparency database takes them: the least of each kind, and one with every field."""

ILLEGAL = {
    "puid": "r-0a_B", "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT", "illegal_content_legal_ground": "A law",
    "illegal_content_explanation": "Why", "content_type": ["CONTENT_TYPE_IMAGE"],
    "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE", "content_date": "2026-03-01", "application_date": "2026-03-02",
    "decision_facts": "Staff decided.", "source_type": "SOURCE_ARTICLE_16", "automated_detection": "Yes",
    "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
}  # fmt: skip
TERMS = {name: value for name, value in ILLEGAL.items() if not name.startswith("illegal_")} | {
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT", "incompatible_content_ground": "A term",
    "incompatible_content_explanation": "Why",
}  # fmt: skip
FULL = ILLEGAL | {
    "decision_visibility": ["DECISION_VISIBILITY_OTHER"], "decision_visibility_other": "x",
    "decision_monetary": "DECISION_MONETARY_OTHER", "decision_monetary_other": "x",
    "decision_provision": "DECISION_PROVISION_PARTIAL_SUSPENSION", "decision_account": "DECISION_ACCOUNT_SUSPENDED",
    "account_type": "ACCOUNT_TYPE_PRIVATE", "decision_ground_reference_url": "https://law.example/a?b=c",
    "content_type": ["CONTENT_TYPE_VIDEO", "CONTENT_TYPE_OTHER"], "content_type_other": "x",
    "category_addition": ["STATEMENT_CATEGORY_PROTECTION_OF_MINORS"],
    "category_specification": ["KEYWORD_NON_CONSENSUAL_IMAGE_SHARING"], "category_specification_other": "x",
    "territorial_scope": ["FR", "NO"], "content_language": "FR", "end_date_visibility_restriction": "2027-01-01",
    "end_date_monetary_restriction": "2027-01-01", "end_date_service_restriction": "2027-01-01",
    "end_date_account_restriction": "2027-01-01", "content_id": {"EAN-13": "4006381333931"},
}  # fmt: skip
