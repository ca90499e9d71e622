"""What the alerts on the router's own metrics say, in the languages a catalog may choose.

Go templates of Prometheus: a summary, and a description that says what to do.
"""

from collections.abc import Mapping

_QUEUE = "{{ $labels.queue }}"
_STEP = "{{ $labels.step }}"
_CHANNEL = "{{ $labels.channel }}"
_OUTCOME = "{{ $labels.outcome }}"
_TEMPLATE = "{{ $labels.template }}"
_LENGTH = "{{ $value | humanizeDuration }}"

ROUTER_SENTENCES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "en": {
        "RouterOverdue": (
            f"The on-call router is late: {_QUEUE}, by {_LENGTH}.",
            "Alerts may wake people late or not at all. Look at its log and its database.",
        ),
        "RouterPagesNotAccepted": (
            f"No provider has accepted a page for {_LENGTH}.",
            "Somebody should have been woken. Call who is on call, and look at the messages of"
            " the open incidents: the provider may be down, or an address wrong.",
        ),
        "RouterStoreNotWritable": (
            "The on-call router cannot write to its database.",
            "It accepts no alerts, and pages nobody. Look at the disk, the database and its log.",
        ),
        "RouterWorkerStalled": (
            f"The on-call router has not done its work for {_LENGTH}.",
            "It may accept alerts and wake nobody. Look at its log, and restart it.",
        ),
        "RouterStepsFailing": (
            f"A step of the on-call router fails again and again: {_STEP}.",
            "An alert may wake nobody. It is kept and tried again; its log has the error.",
        ),
        "RouterReachesNobody": (
            "An escalation ended and reached nobody.",
            "Call who is on call. `guardia oncall check` says which step or last resort is empty.",
        ),
        "RouterMessagesRefused": (
            f"{_CHANNEL} refuses messages of the on-call router: {_OUTCOME}.",
            "They are not delivered. Look at the secret and the address that its log names.",
        ),
        "RouterCatalogRefused": (
            "The on-call router refuses the catalog it was given.",
            "It goes on with the one before, so a change of who is on call does not count yet."
            " `guardia check` names the problems.",
        ),
        "RouterTemplatesFailing": (
            f"A template of the on-call router fails: {_TEMPLATE}.",
            "Its own text is sent instead. The log has the reason.",
        ),
    },
    "es": {
        "RouterOverdue": (
            f"El router de guardia va con retraso: {_QUEUE}, {_LENGTH}.",
            "Puede que las alertas despierten tarde o no despierten a nadie. Revise el registro y"
            " la base de datos del router.",
        ),
        "RouterPagesNotAccepted": (
            f"Ningún proveedor acepta un aviso desde hace {_LENGTH}.",
            "Se debería haber despertado a alguien. Llame a quien está de guardia y revise los"
            " mensajes de los incidentes abiertos: el proveedor puede estar caído o una dirección"
            " ser errónea.",
        ),
        "RouterStoreNotWritable": (
            "El router de guardia no puede escribir en su base de datos.",
            "No acepta alertas ni avisa a nadie. Revise el disco, la base de datos y el registro"
            " del router.",
        ),
        "RouterWorkerStalled": (
            f"El router de guardia no hace su trabajo desde hace {_LENGTH}.",
            "Puede aceptar alertas y no despertar a nadie. Revise el registro del router y"
            " reinícielo.",
        ),
        "RouterStepsFailing": (
            f"Un paso del router de guardia falla una y otra vez: {_STEP}.",
            "Puede que una alerta no despierte a nadie. Se guarda y se intenta de nuevo; el error"
            " está en el registro del router.",
        ),
        "RouterReachesNobody": (
            "Un escalamiento terminó sin llegar a nadie.",
            "Llame a quien está de guardia. `guardia oncall check` dice qué paso o último"
            " recurso está vacío.",
        ),
        "RouterMessagesRefused": (
            f"{_CHANNEL} rechaza mensajes del router de guardia: {_OUTCOME}.",
            "No se entregan. Revise el secreto y la dirección que nombra el registro del router.",
        ),
        "RouterCatalogRefused": (
            "El router de guardia rechaza el catálogo que recibió.",
            "Sigue con el anterior: un cambio de quién está de guardia aún no cuenta."
            " `guardia check` nombra los problemas.",
        ),
        "RouterTemplatesFailing": (
            f"Una plantilla del router de guardia falla: {_TEMPLATE}.",
            "En su lugar se envía el texto de Guardia. El motivo está en el registro del router.",
        ),
    },
    "pt": {
        "RouterOverdue": (
            f"O router de piquete está atrasado: {_QUEUE}, {_LENGTH}.",
            "Os alertas podem acordar tarde ou não acordar ninguém. Veja o registo e a base de"
            " dados do router.",
        ),
        "RouterPagesNotAccepted": (
            f"Nenhum fornecedor aceita um aviso há {_LENGTH}.",
            "Alguém devia ter sido acordado. Telefone a quem está de piquete e veja as mensagens"
            " dos incidentes abertos: o fornecedor pode estar em baixo ou um endereço estar"
            " errado.",
        ),
        "RouterStoreNotWritable": (
            "O router de piquete não consegue escrever na sua base de dados.",
            "Não aceita alertas nem avisa ninguém. Veja o disco, a base de dados e o registo do"
            " router.",
        ),
        "RouterWorkerStalled": (
            f"O router de piquete não faz o seu trabalho há {_LENGTH}.",
            "Pode aceitar alertas e não acordar ninguém. Veja o registo do router e reinicie-o.",
        ),
        "RouterStepsFailing": (
            f"Um passo do router de piquete falha repetidamente: {_STEP}.",
            "Um alerta pode não acordar ninguém. É guardado e tentado de novo; o erro está no"
            " registo do router.",
        ),
        "RouterReachesNobody": (
            "Um escalamento terminou sem chegar a ninguém.",
            "Telefone a quem está de piquete. `guardia oncall check` diz que passo ou último"
            " recurso está vazio.",
        ),
        "RouterMessagesRefused": (
            f"{_CHANNEL} recusa mensagens do router de piquete: {_OUTCOME}.",
            "Não são entregues. Veja o segredo e o endereço que o registo do router indica.",
        ),
        "RouterCatalogRefused": (
            "O router de piquete recusa o catálogo que recebeu.",
            "Continua com o anterior: uma mudança de quem está de piquete ainda não conta."
            " `guardia check` indica os problemas.",
        ),
        "RouterTemplatesFailing": (
            f"Um modelo do router de piquete falha: {_TEMPLATE}.",
            "Em vez dele é enviado o texto do Guardia. O motivo está no registo do router.",
        ),
    },
}
