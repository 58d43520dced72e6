"""What mail servers say, in their own words, and what it means: a table to add a line to.

From RFC 3463, 5321 and 7372, the providers' published lists of errors, and the texts of the mail
servers themselves. The first row that matches counts, so that what is narrow stands above what is
wide. Every expression is linear in the length of what it reads.
"""

import re

from app.inbound.sorting.shapes import Hardness

_Rows = tuple[tuple[Hardness, tuple[str, ...]], ...]

_REASONS: _Rows = (
    (
        Hardness.FULL,
        (
            r"(?:too many|zu ?viele) (?:messages|e?-?mails|nachrichten) (?:on|in|auf|im|in der)"
            r" (?:the |your |his |dem |der )?(?:server|mail ?box|inbox|account|postfach)",
        ),
    ),
    # About us, though it sounds as if it were about a mailbox.
    (
        Hardness.SOFT,
        (
            r"sender (?:e-?mail )?(?:address|domain|verif|id\b|is (?:not|un)|denied|reject"
            r"|unknown)",
            r"(?:domain|address) of (?:the )?sender|sender.{0,20} domain|sender's (?:domain"
            r"|address)",
            r"mail from.{0,40}(?:domain|unknown|verif|invalid|not exist)|bad sender"
            r"|invalid sender",
            r"(?:verify|validate|resolve|resolvable).{0,20} sender|callback|from address (?:does"
            r"|is)",
            r"rcpthosts|return.?path|envelope (?:sender|from)"
            r"|your (?:e-?mail )?address .{0,20}(?:block|reject)",
            r"\bhelo\b|\behlo\b|reverse (?:dns|lookup|hostname)|rdns|\bptr\b"
            r"|cannot find your (?:host|reverse)",
            r"client (?:host|address|ip)|connecting (?:host|ip)|your (?:ip|host|server|domain)\b",
            r"\b(?:sending|sender|daily|hourly|rate|relay)\b.{0,12} quota|too many (?:recipients"
            r"|messages|mails|connections|concurrent|sessions|hops|errors|invalid|bad|unknown"
            r"|smtp)|receiving (?:e?mail|messages) (?:too quickly|at a rate)",
        ),
    ),
    (
        Hardness.FULL,
        (
            r"(?:mail ?box|mailfolder|inbox|in-box|mail ?drop|account|user|spool|maildir"
            r"|folder)(?:'s)?(?: \S{1,80})? (?:is |are |has become |seems "
            r"|currently )*(?:too )?full\b",
            r"(?:mail ?box|disk)? ?space not enough|mailbox.{0,12}full|full mailbox|mailbox_?full"
            r"|\bmbx ?full",
            r"(?:over|above|exceed\w*|out of|beyond|reached).{0,40}(?:quota|storage"
            r"|mailbox (?:size|space|limit)|disk space|allocated space|allowed space)",
            r"(?:quota|storage|mailbox (?:size|space|limit)|disk space"
            r"|allocat\w* space).{0,30}(?:exceed|full|reached|violat|exhaust|over|exhausted)",
            r"over ?quota|overquota|disk quota|quota limit|not enough (?:storage|space|disk)"
            r"|insufficient (?:system )?(?:storage|disk|space|quota)|no space left",
            r"mailbox (?:has )?(?:exceed|reached)|mailbox.{0,30}(?:too large|is over)"
            r"|over (?:its |the )?(?:maximum|allowed|storage) (?:size|limit|quota)",
            r"recipient (?:is )?over ?quota|cannot receive .{0,30}(?:full|quota)|mailbox maximum"
            r"|(?:too much|no room).{0,20}(?:mail|mailbox)|boite pleine|quotaexceeded"
            r"|storage limit",
            r"maximum (?:mailbox|allowed|size).{0,25}(?:mailbox|inbox)"
            r"|mailbox for .{1,80} is full",
            # de fr es it pt nl ru ja zh
            r"postfach.{0,60}(?:voll|überfüllt|überschritten|kontingent|speicher|größe)"
            r"|speicherplatz|kontingent|posteingang.{0,20}voll|mailbox (?:ist )?(?:voll"
            r"|überfüllt)",
            r"bo[iî]te.{0,60}(?:pleine|saturée|limite|quota)|quota.{0,20}(?:dépass|atteint)",
            r"buz[oó]n.{0,60}(?:llen[oa]|límite|cuota)|cuota.{0,20}(?:excedid|superad)"
            r"|llena la bandeja",
            r"casella.{0,60}(?:piena|limite|quota)|quota.{0,12}superat|spazio.{0,20}esaurit",
            r"caixa.{0,60}(?:cheia|cota|limite|lotada)|quota.{0,20}excedid|cota.{0,20}excedid",
            r"postvak.{0,60}(?:vol\b|quotum|limiet)|mailbox is vol",
            r"(?:ящик|квот).{0,40}(?:переполнен|заполнен|превыш)|переполнен",
            r"容量.{0,12}(?:超|不足|オーバー)|メールボックス.{0,20}(?:いっぱい|満杯|一杯|超過)"
            r"|邮箱.{0,8}满|空间.{0,8}(?:满|不足)|容量已满|信箱.{0,8}滿|已滿",
        ),
    ),
    (
        Hardness.SOFT,
        (
            r"\bspam\b(?!.{0,30}user unknown)|spam(?:haus|cop|assassin|my|ming)|unsolicited|junk"
            r"|\buce\b",
            r"\bd?nsbl\b|\brbl\b|dnswl|black ?list|block ?list|blacklisted|denylist|sorbs"
            r"|barracuda|(?:poor|low|bad) reputation|reputation",
            r"dmarc|dkim|\bspf\b|unauthenticated|not authenticated|authenticat|authoriz(?:ed"
            r"|ation) to|not (?:accepted|allowed) for policy|policy (?:reason|violat|reject"
            r"|restrict)|local policy|against policy|administrative(?:ly)? (?:prohibit|block"
            r"|reject|deny|denied)|rule imposed",
            r"virus|malware|infected|phish|suspicious|banned|executable|dangerous content"
            r"|content (?:reject|filter|not accept|violat|restrict)|(?:block|not allowed"
            r"|forbidden|illegal).{0,30}attachment|attachment.{0,30}(?:block|not allowed"
            r"|forbidden|type|reject)|(?:spam|content|mail)[- ]?filter",
            r"(?:message|mail|size).{0,30}(?:too (?:large|big|long)|exceed.{0,30}(?:size|limit"
            r"|maximum)|larger than)|too large|max(?:imum)? message size|size limit"
            r"|exceeds (?:the )?(?:fixed |maximum )?(?:message )?size|sizelimit|message size",
            r"gr[ae]y.?list|try (?:it )?again later|try later|please retry|temporar|transient"
            r"|deferred",
            r"looping|mail loop|routing loop|loops? back|hop count|too many hops|\bhops\b"
            r"|loop detected",
        ),
    ),
    # Nobody there, in so many words.
    (
        Hardness.HARD,
        (
            r"(?:user|recipient|mailbox|address|account|alias|login|destinat\w+|local.?part"
            r"|addressee) (?:name |address |mailbox |email |e-mail )?(?:is |was "
            r"|seems )?(?:an? )?(?:un|not )(?:known|recognized|recognised|found|listed|valid"
            r"|defined)\b",
            r"(?:unknown|no such|invalid|non-?existent|nonexistent|bad|undefined|illegal"
            r"|incorrect|unrecogni[sz]ed|obsolete|inactive|deactivated|dead|wrong) (?:local "
            r"|destination |virtual |e-?mail |final delivery |or \w+ )*(?:user|recipient"
            r"|mail ?box|address|account|alias|people|person|destination|local.?part|login|userid"
            r"|forward|domain|host|mail drop|id\b|rcpt)",
            r"\bbad[ _]?(?:recipient|rcpt ?to)\b|no mail[ -]?box|mail[ -]box not found"
            r"|not an? (?:\w+ )?(?:active|existing|current) (?:address|account|user|mail ?box)",
            r"user ?unknown|unknown ?user|userunknown|unknown rcpt|nosuchuser|no mailbox"
            r"|no account|no (?:such|valid) (?:\S+ )?(?:recipient|here|person|name)"
            r"|not a (?:known|valid|local|registered|user|working)|no user (?:with|here|by|found)"
            r"|not our (?:customer|user)|is not one of our",
            r"(?:does|do|did|doesn't|don't)(?: not|n't)? (?:appear to |seem to "
            r"|currently )?exist(?!.{0,12}sender)",
            r"(?:n't|not) have (?:an? |any )?(?:\S+ )?(?:account|mailbox|user|e-?mail)",
            r"(?:couldn't|could not|wasn't|was not|can't|cannot) be found|address not found"
            r"|addressee unknown",
            r"not (?:listed|found) in|not listed|isn't (?:in|listed)|no match(?:ing"
            r"|es)? (?:address|user|recip|to)",
            r"recipientnotfound|recipnotfound|resolver\.adr|recipient not found|recipnotexist"
            r"|email address could not be found|couldn't be found",
            r"(?:address|recipient|account|mailbox|user|id)(?: \S{1,80})? (?:is |was |has been "
            r"|have been )+(?:permanently |currently |temporarily )?(?:disabled|deactivated"
            r"|suspended|inactive|closed|terminated|deleted|removed|expired|cancel\w+"
            r"|discontinued|unavailable|locked|blocked|retired|not active|no longer|inaccessible"
            r"|invalid|unknown|incorrect|rejected)",
            r"(?:disabled|inactive|deactivated|suspended|closed|expired|terminated|locked"
            r"|frozen) (?:user|mailbox|account|recipient|address)|mailbox.{0,20}disabled"
            r"|account.{0,40}disabled|not accepting (?:any )?(?:mail|messages) for"
            r"|no longer (?:\w+ ){0,4}(?:valid|use|active|available|accept|exist|here|work|employ"
            r"|on|monitored|at|with|a )|has (?:moved|left)|user moved",
            r"mailbox (?:is |was )?(?:currently )?(?:unavailable|not (?:available|found|exist))"
            r"|mailbox name not allowed|requested action not taken|not taken: mailbox"
            r"|i have no mailbox",
            r"name or service not known|nodename nor servname"
            r"|unroute?able|unrouteable address|unrout?able mail domain"
            r"|all relevant mx records point to|no (?:valid )?(?:mx|hosts?|route) (?:records?"
            r"|found|to)?.{0,20}(?:found|exist|domain)|null ?mx|domain does not accept mail"
            r"|(?:host|domain|site)(?: name| or domain name| \S{1,80})? (?:is |was )?(?:unknown"
            r"|not found|invalid|nonexistent|not exist|could not be found|not valid)",
            r"(?:unknown|no such|non-?existent|bad|invalid) (?:mail )?(?:host|domain|server|site)"
            r"|nxdomain|name service error|name not found|couldn't find any host"
            r"|cannot find (?:a )?(?:host|domain|mail server)|can't find.{0,20}host"
            r"|host or domain name not found|unresolvable|nonexistent domain"
            r"|infodomainnonexistent|may be a typo|not a valid (?:mail )?(?:host|domain)",
            r"(?:address|account|recipient).{0,30}(?:misspelled|mistyped|typo)"
            r"|possible(?:ly)? misspelled|not recognized as a local|unable to (?:find"
            r"|locate) (?:the )?(?:user|recipient|mailbox|address)"
            r"|recipient (?:address )?(?:reject|refus|denied)|rcpt.{0,20}(?:reject|refus)"
            r"|user (?:reject|doubtful)|no one (?:here|by)|nobody here|this address no longer"
            r"|address error|sorry, no mailbox|mailbox not|unknown local.?part|no local mailbox"
            r"|ambiguous|not exist|bad destination",
            # de
            r"(?:empfänger|benutzer|adresse|postfach|konto|mailbox"
            r"|e-mail-adresse).{0,60}(?:unbekannt|nicht (?:gefunden|bekannt|vorhanden|existi"
            r"|gültig|ermittel)|existiert nicht|ungültig|deaktiviert|gesperrt|gelöscht)"
            r"|unbekannter (?:empfänger|benutzer)|unbekannte adresse|existiert nicht"
            r"|nicht existent|kein solcher|gibt es nicht|nicht gefunden",
            # fr
            r"(?:adresse|utilisateur|destinataire|compte|bo[iî]te).{0,60}(?:inconnu|introuvable"
            r"|n'existe pas|n.a pas été trouvé|invalide|inexistant|désactivé|fermé|inactive"
            r"|erroné|incorrecte)|n'existe (?:pas|plus)|inconnu à|utilisateur inconnu|introuvable"
            r"|invalide",
            # es
            r"(?:dirección|usuario|destinatario|cuenta|buzón|casilla).{0,60}(?:no (?:existe"
            r"|se (?:encontró|ha encontrado|encuentra))|desconocid|inexistente|inválid|no válid"
            r"|desactivad|deshabilitad)|no existe|usuario desconocido|no se encontró",
            # it
            r"(?:indirizzo|utente|destinatario|casella|account).{0,60}(?:non (?:esiste|trovat"
            r"|valid|è stat)|sconosciut|inesistente|inattiv|disattivat|disabilitat)|non esiste"
            r"|non trovato|sconosciuto",
            # pt
            r"(?:endereço|usuário|utilizador|destinatário|conta|caixa).{0,60}(?:não (?:existe"
            r"|encontrad|foi encontrad|localizad)|desconhecid|inexistente|inválid|desativad)"
            r"|não existe|inexistente",
            # nl
            r"(?:adres|gebruiker|ontvanger|geadresseerde|postvak|account).{0,60}(?:onbekend"
            r"|bestaat niet|niet (?:gevonden|bekend|geldig|bestaand)|ongeldig|uitgeschakeld)"
            r"|bestaat niet|niet gevonden",
            # ru
            r"(?:адрес|пользовател|получател|ящик|аккаунт|учетн).{0,60}(?:не (?:существует|найден"
            r"|зарегис)|неизвест|неверн|заблокирован|отключ|удал[её]н)|не существует|не найден"
            r"|нет такого",
            # ja zh ko
            r"(?:アドレス|ユーザ|宛先|受信者|メールボックス).{0,30}(?:存在し|見つかり|不明|間違"
            r"|無効|登録されて)|存在しない|存在しません|見つかりません|不明なユーザ",
            r"(?:用户|收件人|地址|邮箱|帐户|账户|帳號|使用者|信箱|電子郵件).{0,20}(?:不存在"
            r"|未找到|找不到|无效|無效|被禁|禁用|停用|不正确|有误|错误)|不存在|无此用户|查無此"
            r"|존재하지|찾을 수 없|없는 사용자",
            # others: pl tr sv da cs hu
            r"nie istnieje|nieznany|bulunamadı|finns inte|hittades inte|findes ikke|finnes ikke"
            r"|blev ikke fundet|neexistuje|nebyl[ao]? nalezen|nem található|nem létezik"
            r"|δεν βρέθηκε",
        ),
    ),
)

_WIDE: _Rows = (
    # Words so wide that a status says more.
    (
        Hardness.SOFT,
        (
            r"timed? ?out|time.?out|expired|too long|retry (?:time|limit)|gave up|giving up"
            r"|days? old|connection (?:refused|reset|lost|dropped|closed|fail|abort|died|was)"
            r"|connect(?:ion)? to|connection|unreachable|not respond|no answer|no response"
            r"|network|no route to|wasn't able to establish|unable to connect|could not connect"
            r"|can't connect|host.{0,12}down|socket error|conversation with|in the queue"
            r"|not been (?:able|collected)|undelivered for|could not contact",
            r"relay|open proxy|not permitted|access denied|access (?:is )?not|denied|refused"
            r"|prohibit|not allowed|not authori[sz]ed|permission|restrict|blocked|rejected|filter"
            r"|abuse|forbidden|not accept|decline|tls|encrypt|unable to accept|unacceptable"
            r"|protected|challenge",
            r"syntax error|command|protocol|too busy|busy|overload|resources|load|out of memory"
            r"|i/o error|service (?:not )?(?:un)?available|local error|configuration|system error"
            r"|server error|internal|mailer error|program|pipe|command died|input/output"
            r"|disk full|disk|process|lock|crash",
            r"nicht erreichbar|zeitüberschreitung|abgelaufen|abgelehnt|zu groß|délai|dépassé"
            r"|trop volumineux|refusé|rejeté|rechazad|tiempo de espera|demasiado grande|rifiutat"
            r"|troppo grande|rejeitad|muito grande|geweigerd|te groot|отклонен|слишком|拒否|拒绝"
            r"|拒收|拒絕|過大|太大|超时|垃圾",
        ),
    ),
)


def _compiled(rows: _Rows) -> tuple[tuple[Hardness, re.Pattern[str]], ...]:
    return tuple(
        (meaning, re.compile("|".join(f"(?:{words})" for words in alternatives), re.IGNORECASE))
        for meaning, alternatives in rows
    )


REASONS = _compiled(_REASONS)
WIDE_REASONS = _compiled(_WIDE)

# RFC 3463 where the class and subject alone would mislead, and what Exchange Online makes of them.
STATUSES: dict[str, Hardness] = {
    "1.7": Hardness.SOFT,  # the sender's address
    "1.8": Hardness.SOFT,
    "1.9": Hardness.SOFT,
    "1.90": Hardness.SOFT,  # more than is allowed in a day
    "2.1": Hardness.HARD,
    "2.2": Hardness.FULL,
    "4.310": Hardness.HARD,  # Exchange Online: no such domain
    "4.4": Hardness.HARD,
    "4.1": Hardness.SOFT,
    "7.10": Hardness.HARD,
    "7.17": Hardness.HARD,  # RFC 7293: the mailbox has another owner now
}

# Whatever else is said: of the sender, the size, the content, the time it took.
NEVER_HARD = frozenset({"1.7", "1.8", "2.3", "3.4", "4.5", "4.6", "4.7", "4.300", "7.23", "7.26"})

LATE = re.compile(
    r"could not send message for past|not yet been delivered|has been delayed|is delayed"
    r"|been deferred|delivery (?:is|was|status notification|notification)\W{1,3}(?:delay|postpone"
    r"|deferred)|(?:still|will) (?:being |be |keep |continue )(?:retr|trying|attempt)"
    r"|will be (?:retried|attempted)|warning message only|do not need to resend"
    r"|no action is required on your part|no need to resend|delivery attempts will continue"
    r"|advisory-only|has been postponed|will continue to (?:try|be)|wird weiter(?:hin)? versucht"
    r"|verzögert|noch nicht zugestellt|retardée?|sera retenté|se ha retrasado|retrasad[oa]"
    r"|è in ritardo|ritardat[oa]|atrasad[oa]|vertraagd|задерж|遅延|遅れて|延迟|延遲",
    re.IGNORECASE,
)
ENDED = re.compile(
    r"permanent|giving up|given up|gave up|will not (?:be )?(?:try|retr)|could not be delivered"
    r"|has failed|returned to (?:you|sender)|undeliverable|delivery failed|failed permanently"
    r"|no longer be retried",
    re.IGNORECASE,
)
