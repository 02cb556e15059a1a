"""The Web API, one module per family of methods.

Rule of this package: a method takes the site and its checked arguments and answers with a value; tokens, scopes
of the whole method, budgets and HTTP are settled before it, in `web_api`.
"""
