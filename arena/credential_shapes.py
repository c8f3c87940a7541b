"""Credentials that are known by their shape, whatever they are called."""

TOKENS = (
    r"\bhf_[A-Za-z0-9]{16,}|\b(?:gh[pousr]|github_pat)_\w{16,}|\bglpat-[\w-]{16,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|\bsk-[\w-]{20,}|\bnvapi-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*"
    r"|\bAIza[\w-]{30,}|\bdckr_pat_[\w-]{16,}|\bpypi-[\w-]{30,}|\blocal-[0-9a-f]{40}\b"
)
"""Those of Hugging Face, GitHub, GitLab, AWS, OpenAI, NVIDIA, Slack, Google, Docker, PyPI and arena; JWTs."""
