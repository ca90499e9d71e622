"""The sentences of generated alerts, in the languages a catalog may choose.

Each is a `str.format` text; what stands between braces is put in by the rules:
numbers, lengths of time as Prometheus writes them, or Go templates.
"""

from typing import Literal

Sentence = Literal[
    "subject",
    "burning",
    "budget_lasts",
    "budget_gone",
    "promise",
    "burn_rate",
    "no_traffic",
    "no_traffic_why",
    "no_target",
    "no_target_why",
]

SENTENCES: dict[str, dict[Sentence, str]] = {
    "en": {
        "subject": "{what} in {where}",
        "burning": "{subject}: {percent} of events failed in the last {long}{budget}.",
        "budget_lasts": "; at this rate the error budget of {window} is gone in {time}",
        "budget_gone": "; the error budget of {window} is gone",
        "promise": "{description} Objective: {objective} over {window}.",
        "burn_rate": "More than {share} of the error budget went within {long}: {rate} times"
        " the rate that lasts {window}.",
        "no_traffic": "{subject}: no event is counted any more.",
        "no_traffic_why": "There was no traffic since the restart, or the metric was renamed:"
        " then no alert can fire.",
        "no_target": "{subject}: no target is up.",
        "no_target_why": "{description} Nothing is measured, so no other alert of the service"
        " can tell.",
    },
    "es": {
        "subject": "{what} en {where}",
        "burning": "{subject}: en {long} falló el {percent} de los eventos{budget}.",
        "budget_lasts": "; a este ritmo el presupuesto de errores de {window} se agota en {time}",
        "budget_gone": "; el presupuesto de errores de {window} está agotado",
        "promise": "{description} Objetivo: {objective} en {window}.",
        "burn_rate": "En {long} se gastó más del {share} del presupuesto de errores: {rate} veces"
        " el ritmo con el que dura {window}.",
        "no_traffic": "{subject}: ya no se cuenta ningún evento.",
        "no_traffic_why": "No hubo tráfico desde el reinicio, o la métrica cambió de nombre:"
        " así, ninguna alerta puede activarse.",
        "no_target": "{subject}: ninguna instancia responde.",
        "no_target_why": "{description} No se mide nada, así que ninguna otra alerta del servicio"
        " puede avisar.",
    },
    "pt": {
        "subject": "{what} em {where}",
        "burning": "{subject}: em {long} falharam {percent} dos eventos{budget}.",
        "budget_lasts": "; a este ritmo o orçamento de erros de {window} esgota-se em {time}",
        "budget_gone": "; o orçamento de erros de {window} está esgotado",
        "promise": "{description} Objetivo: {objective} em {window}.",
        "burn_rate": "Em {long} gastou-se mais de {share} do orçamento de erros: {rate} vezes"
        " o ritmo com que dura {window}.",
        "no_traffic": "{subject}: já não se conta nenhum evento.",
        "no_traffic_why": "Não houve tráfego desde o reinício, ou a métrica mudou de nome:"
        " assim, nenhum alerta pode ficar ativo.",
        "no_target": "{subject}: nenhuma instância responde.",
        "no_target_why": "{description} Nada é medido, por isso nenhum outro alerta do serviço"
        " pode avisar.",
    },
}


def sentence(language: str, name: Sentence, **parts: str) -> str:
    """Return a sentence in `language` ("en", "es" or "pt") with its parts put in."""
    return SENTENCES[language][name].format(**parts)
