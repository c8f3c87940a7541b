"""Role-based access control: what an impersonated user may do.

- `users`          who a request comes from
- `attributes`     what it asks for, and its refusal
- `rules`          what bindings grant
- `authorization`  the check of every request
- `escalation`     roles and bindings that would grant more than their writer may do
- `reviews`        answers to "may I?"
- `bootstrap`      the roles that every cluster has
- `validation`     roles and bindings that are refused

Whoever can connect is the owner of the cluster and may do everything, also impersonate others. An
impersonated user has exactly the rights that bindings grant.
"""
