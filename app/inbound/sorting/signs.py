"""By what a bounce is told from mail that only speaks of one."""

import re
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple

from app.inbound.sorting import parsing
from app.inbound.sorting.structure import Body

_DAEMON = re.compile(
    r"^(?:mailer[-_. ]?daemon|mail[-_.]?daemon|mdaemon|daemon|double-bounce|mail-?system|mmdf"
    r"|qmaild?|mail[-_.]delivery(?:[-_.]\w{1,20})?|microsoftexchange[0-9a-f]{20,40}|post-?office"
    r"|ndr|mail-?robot|listserv-?daemon)(?:[-_.+=].{0,120})?(?:@|$)",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"^(?:postmaster|root|bounces?|mta|smtp|dsn|delivery|mailer|admin|administrator|mail-?admin"
    r"|sysadmin|system|exchange|noreply|no-reply|do-?not-?reply|notif\w{0,20}|support|mail"
    r"|mail\w{0,12}|server|scanner|antivirus|antispam|gateway|staff|hostmaster|webmaster"
    r"|complaints?|email)(?:[-_.+=].{0,120})?@|[^@]{0,80}(?:postmaster|smtp|gateway|virus"
    r"|system.?admin|mail.?(?:service|system|server))",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[ -]?(?:delivery|daemon|router)|delivery (?:sub)?system|mail (?:system"
    r"|administrator)|system ?administrator|internet mail delivery|microsoft (?:exchange|outlook)"
    r"|postmaster|mdaemon|mail transport|e-?mail (?:delivery|system)|system attendant"
    r"|mail gateway|systemadministrator|administrateur syst|administrador del sistema"
    r"|bounce (?:handler|notif)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver|non-? ?deliver|returned (?:e?mail|message|to)|return(?:ed)? to sender"
    r"|failure (?:notice|notification|delivery|report|email)|deliver(?:y|ing) (?:status|fail\w*"
    r"|problem|error|report|has|notification|to|unsuccess|incomplete|attempt|delay\w*|warning|of"
    r"|not)|delivery\b.{0,40}\bfail|fail\w* (?:mail|to deliver|delivery)|mail(?: delivery"
    r"| system)? (?:fail\w*|error|warning|status|could not|not delivered|rejected|returned"
    r"|problem|bounced)|mail_?delivery|not (?:be )?(?:been )?delivered|(?:can ?not|can't|couldn't"
    r"|could not|unable to|was not able to) (?:be )?(?:deliver|send|sent)|(?:message"
    r"|mail) (?:status|delay|undeliver|was not|not accepted|rejected|returned|bounced|you sent"
    r"|error)|delayed mail|could not send|user unknown|unknown user|mailbox (?:is )?(?:full"
    r"|unavail|exceed)|(?:address|recipient|user)\b.{0,40}(?:unknown|not found|does not exist"
    r"|invalid|incorrect|rejected)|(?:unknown|invalid|bad|incorrect) (?:e-?mail "
    r"|destination )?(?:address|recipient)|\bndn\b|\bndr\b|error (?:condition|sending|delivering)"
    r"|bounced? (?:mail|message|e-?mail)|permanent (?:failure|error)|over ?quota|quota exceeded"
    r"|^(?:smtp )?error|wasn't delivered|did(?:n't| not) reach"
    r"|auto(?:matic)? response: (?:undeliver|failed)|rejected (?:mail|message|posting)"
    r"|account (?:disabled|closed)|unzustellbar|nicht zugestellt|zustell.{0,40}(?:fehl|nicht"
    r"|unmöglich)|nicht zustellbar|rückläufer|benachrichtigung zum .bermittlungsstatus"
    r"|fehler.{0,30}(?:zustell|mail)|nicht ausgeliefert|retour(?:né| à l.exp| de courrier)"
    r"|non (?:remis|distribu|délivr|livr)|échec|notification d.état|n.a pas pu être"
    r"|impossible de (?:remettre|distribuer|livrer)|no (?:se (?:puede|ha podido|pudo)|entregad"
    r"|fue entreg)|error (?:de|en la) entrega|(?:correo|mensaje) devuelto|fall[oa] (?:de|en la"
    r"|no) entrega|no entregable|não (?:foi possível|entregue|é possível|pôde)|falha (?:na|de"
    r"|ao) (?:entrega|envi)|devolvid|non (?:recapitabile|consegn)|impossibile recapitare"
    r"|mancat[oa] (?:recapito|consegna)|stato del recap|onbestelbaar|niet (?:bezorgd|afgeleverd"
    r"|bestelbaar)|kon niet worden|bezorging|kan niet worden|не ?доставлен|не удалось доставить"
    r"|не может быть доставлен|ошибка доставки|недоставк|возвра[тщ]|配信(?:不能|でき|失敗|状態"
    r"|エラー)|送信(?:でき|エラー|失敗)|配達|エラーメール|届け|不達|退信|退回|无法投递|无法送达"
    r"|未送达|投递失败|退件|無法(?:傳遞|投遞|送達)|傳送失敗|传递失败|未传递|반송|전송 ?실패|배달"
    r"|niedostarcz|nie (?:można|został|mogła)|zwrot|teslim edilemedi|iletilemedi|oleverbar"
    r"|uleverbar|kan(?:de)? (?:inte|ikke) lever|kunde inte|toimittam|ei voi(?:tu)? toimittaa"
    r"|nedoručiteln|nedoručen|kézbesíthet|δεν (?:ήταν|είναι) δυνατή|lỗi|gagal",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"(?:could|can|would|did|was|were|has|have|is)(?:n't| ?not)(?: yet)?(?: been"
    r"| be)? (?:able to )?(?:be )?(?:deliver|reach|sent|forward|receiv|accept|process|complet)"
    r"|undeliver|non-?deliver|unable to (?:deliver|send|relay|find|reach|complete|process|accept)"
    r"|deliver(?:y|ing)\b.{0,80}(?:fail|error|unsuccess|abort|problem|not possible|impossible"
    r"|refused|delay)|(?:fail|error|problem)\w*\b.{0,60}\bdeliver|permanent (?:fatal )?(?:error"
    r"|failure)|fatal error|returned to (?:you|sender)|returned mail|transcript of session"
    r"|(?:following|these) (?:address|recipient|destination|user)|mail system at|user unknown"
    r"|unknown user|no such user|recipient (?:unknown|rejected|address rejected)|over ?quota"
    r"|mailbox (?:is )?(?:full|unavail|not(?! (?:monitor|read|check|attend|watch))|exceed"
    r"|disabled)|quota exceed|unknown (?:recipient"
    r"|address|local)|(?:account|address|user|mailbox|recipient|domain)\b.{0,80}(?:does(?:n't"
    r"| not) exist|not found|unknown|invalid|inactive|disabled|no longer|not valid|not listed"
    r"|is full|not recogn)|bounced|failed recipient|(?:message|mail|letter)\b.{0,60}(?:reject"
    r"|refus|bounce|blocked|return|not (?:be )?(?:deliver|sent|accept))|giving up|permanently"
    r"|not a valid|smtp error|invalid (?:address|recipient|user)|error code"
    r"|\b5\d\d[ -]#?5\.\d\.\d|\bsmtp;? ?5\d\d|\b55[0-4] |remote (?:host|server|mail)\b.{0,40}said"
    r"|diagnostic|i'm afraid i wasn't able|this is a permanent error|mail loop|too many hops"
    r"|full\b.{0,30}mailbox|zugestellt|zustell|unbekannt|existiert nicht|nicht gefunden|quota"
    r"|fehler|remis|distribu|échou|échec|introuvable|inconnu|n'existe|délivr|livré|refusé|entreg"
    r"|no existe|devuel|desconocid|rechaz|falha|não existe|devolv|recapit|consegn|non esiste"
    r"|bezorg|afgeleverd|bestaat niet|geweigerd|доставлен|доставить|существует|не найден|отклонен"
    r"|配信|送信|届|存在|エラー|不能|投递|送达|退回|不存在|拒|傳遞|无法|반송|전송|배달|niedostar"
    r"|dostarcz|teslim|iletil|lever|toimit|doruč|kézbes|παράδοση",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"^\s*(?:re|aw|antw?|sv|vs|res|rif|odp|ynt|fwd?|wg|tr|rv|enc|i|doorst)\s*:", re.I
)
_AWAY = re.compile(
    r"out of (?:the )?office|\booo\b|vacation|holiday|away from|auto(?:matic|mated"
    r"|matische)?[- ]?(?:reply|repl|response|antwort|respond)|autorepl|autorespon|abwesen"
    r"|nicht im (?:büro|haus)|urlaub|absen[ct]|réponse automatique|respuesta automática"
    r"|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)|resposta automática"
    r"|afwezig|automatisch antwoord|автоответ|自動応答|自动回复|自動回覆|不在|on leave|maternity"
    r"|thank you for (?:your|contacting)|we have received|ticket|case #",
    re.IGNORECASE,
)
_AUTORESPONDERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-vacation")


_OF_A_SERVER = re.compile(
    r"\b[45]\.\d\.\d{1,3}\b|\b55\d\b|\bsmtp\b|rcpt to|e?mail (?:address|system|server|delivery"
    r"|message)|remote host|user unknown|unknown user|no such user|mailbox|mail could not"
    r"|your message|recipient",
    re.IGNORECASE,
)


class Signs(NamedTuple):
    daemon: bool  # a mail system's own address, or none at all
    office: bool  # postmaster, administrator: a person may sit there
    nameless: bool  # an address, and no name beside it
    null: bool  # the null return path (RFC 5321 4.5.5)
    report: bool  # it calls itself a report of deliveries
    subject: bool  # its subject says that something did not arrive
    told: bool  # its words do
    technical: bool  # in terms of mail servers
    generated: bool  # RFC 3834, or a header that only machines write
    answered: bool  # Re:, Fwd:
    away: bool
    listed: bool  # it came over a list


def signs(message: Message, body: Body, null_sender: bool) -> Signs:
    subject = parsing.header(message, "subject")[:300]
    name, address = next(iter(parsing.addresses(message, "from")), ("", ""))
    sender = address or parsing.header(message, "from")[:200]
    submitted = parsing.header(message, "auto-submitted").lower()
    return Signs(
        daemon=_is_daemon(name, address, sender),
        office=bool(_OFFICE.match(address)),
        nameless=name.strip().lower() in ("", address),
        null=null_sender or _null_return_path(message),
        report=parsing.content_type(message) == "multipart/report",
        subject=bool(_FAILED.search(subject)),
        told=any(_TOLD.search(line) for line in _unquoted(body.notice)),
        technical=bool(_OF_A_SERVER.search(body.notice[:4_000])),
        generated=bool(submitted) and not submitted.startswith("no"),
        answered=bool(_ANSWERED.match(subject)),
        away=bool(_AWAY.search(subject)) or _autoresponds(message),
        listed=any(parsing.header(message, field) for field in ("list-id", "list-post")),
    )


def is_bounce(found: Signs, has_returned: bool, has_recipient: bool) -> bool:
    """Whether a mail without a delivery status is a bounce.

    Of a mail system's own address, saying so is enough, even where the address of a list that it
    came back to added the list's header. Of others it takes the subject, the words, and something
    that no person writes besides.
    """
    if found.away or not (found.told or found.subject):
        return False
    if found.answered:
        return found.daemon and found.null and found.told
    if found.daemon:
        return found.subject or (found.told and (found.null or has_recipient or has_returned))
    machine = found.null or found.generated or found.report
    if not has_recipient:
        return False
    if found.office or found.nameless:
        certain = machine or has_returned or (found.technical and not found.listed)
        return certain and found.subject and (found.told or has_returned)
    return machine and not found.listed and found.told and (found.subject or has_returned)


def is_for_return_path(found: Signs, has_returned: bool) -> bool:
    """Whether a mail that came to a return path is a bounce: unless it is plainly something else.

    Nobody knows that address but those who carry our mail, so that little is asked for.
    """
    machine = found.null or found.generated or found.report
    if found.away:
        return found.daemon and found.subject and found.told
    if found.answered:
        return found.told and (machine or found.daemon or found.nameless)
    if found.null or found.report:
        return True
    if found.daemon or found.office or found.nameless or found.generated:
        return found.told or found.subject or (found.daemon and has_returned)
    return found.told and (found.subject or has_returned)


def _is_daemon(name: str, address: str, raw: str) -> bool:
    if not raw.strip(" <>\"'"):
        return True
    if address:
        return bool(_DAEMON.match(address) or (_DAEMON_NAME.search(name) and not _human(address)))
    return bool(_DAEMON.match(raw.strip(" <>\"'")) or _DAEMON_NAME.search(raw))


def _human(address: str) -> bool:
    """Beside a mail system's name, an address such as anna.lee@ is a person's."""
    local = address.partition("@")[0]
    return bool(re.fullmatch(r"[a-z]{2,20}\.[a-z]{2,20}", local)) and not _OFFICE.match(address)


def _null_return_path(message: Message) -> bool:
    paths = parsing.headers(message, "return-path")
    return bool(paths) and paths[0].replace(" ", "") in ("<>", "", "<<>>", "<#@[]>")


def _autoresponds(message: Message) -> bool:
    if parsing.header(message, "precedence").lower() in ("auto_reply", "auto-reply", "autoreply"):
        return True
    return any(parsing.header(message, name) for name in _AUTORESPONDERS)


def _unquoted(text: str) -> Iterator[str]:
    lines = (line for line in text.split("\n") if not line.lstrip().startswith((">", "|")))
    joined = ""
    for line in lines:  # a sentence may go over the end of a line
        yield f"{joined} {line.strip()}"[-400:]
        joined = line.strip()[-200:]
