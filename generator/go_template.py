"""Text within the templates of Prometheus and Alertmanager."""


def template_text(text: str) -> str:
    """Return a template that prints any text as it is, braces included.

    Source: Go documentation, package text/template, actions and string constants.
    """
    return text.replace("{{", '{{"{{"}}')
