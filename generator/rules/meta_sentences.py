"""The sentences of the alerts about Guardia itself, in the languages a catalog may choose."""

from typing import Literal

MetaSentence = Literal[
    "watchdog",
    "watchdog_why",
    "router_down",
    "router_failing",
    "router_lost",
    "not_routed",
    "not_routed_why",
]

_ORIGINAL = "{{ $labels.original_alert }}"  # a Go template: the alert that could not be routed

META_SENTENCES: dict[str, dict[MetaSentence, str]] = {
    "en": {
        "watchdog": "Prometheus and Alertmanager are alive.",
        "watchdog_why": "This alert always fires. When it no longer arrives, nobody is warned.",
        "router_down": "No on-call router is up.",
        "router_failing": "Alertmanager gives up on notifications for a webhook.",
        "router_lost": "Alerts may wake nobody. Until this is over, critical alerts are told here."
        " Look at the router's pods, its /-/ready and its log.",
        "not_routed": f"{_ORIGINAL} is firing and may have woken nobody.",
        "not_routed_why": "The on-call router cannot be reached or cannot page, so perhaps nobody"
        " is escalated to: this message may be all there is. Call who is on call.",
    },
    "es": {
        "watchdog": "Prometheus y Alertmanager funcionan.",
        "watchdog_why": "Esta alerta siempre está activa. Cuando deja de llegar, no se avisa a"
        " nadie.",
        "router_down": "Ningún router de guardia responde.",
        "router_failing": "Alertmanager abandona notificaciones para un webhook.",
        "router_lost": "Puede que las alertas no despierten a nadie. Mientras tanto, las alertas"
        " críticas se comunican aquí. Revise los pods del router, su /-/ready y su registro.",
        "not_routed": f"{_ORIGINAL} está activa y puede no haber despertado a nadie.",
        "not_routed_why": "No se llega al router de guardia o este no avisa: quizá nadie sea"
        " avisado y este mensaje sea todo lo que hay. Llame a quien está de guardia.",
    },
    "pt": {
        "watchdog": "O Prometheus e o Alertmanager funcionam.",
        "watchdog_why": "Este alerta está sempre ativo. Quando deixa de chegar, ninguém é avisado.",
        "router_down": "Nenhum router de piquete responde.",
        "router_failing": "O Alertmanager desiste de notificações para um webhook.",
        "router_lost": "Os alertas podem não acordar ninguém. Entretanto, os alertas críticos são"
        " comunicados aqui. Veja os pods do router, o seu /-/ready e o seu registo.",
        "not_routed": f"{_ORIGINAL} está ativo e pode não ter acordado ninguém.",
        "not_routed_why": "Não se chega ao router de piquete ou ele não avisa: talvez ninguém"
        " seja avisado e esta mensagem seja tudo o que há. Telefone a quem está de piquete.",
    },
}
