"""Mail that came in, written from parameters: automatic answers, replies, letters, leaving.

All in words of our own, of the shapes that the RFCs and mail programs' documents give.
"""

# ruff: noqa: E501 - mail stands here as programs write it

from collections.abc import Iterator
from typing import NamedTuple

from app.inbound.sorting.shapes import Ours, Purpose

DOMAIN = "news.example.org"
SIGNATURE = "abcdefghijklmnopqrstuvwx"
MEMBER = "anna.kovacs@members.example.net"
MINISTER = "minister@justice.example.gov"
EMBASSY = "info@embassy.example.com"
FOR = {purpose: f"{purpose}+1z4.{SIGNATURE}@{DOMAIN}" for purpose in Purpose}
FOR[Purpose.COPY] = f"c+1z4.2k.{SIGNATURE}@{DOMAIN}"
IDS = {purpose: (2560, 92) if purpose is Purpose.COPY else (2560,) for purpose in Purpose}


def read(address: str) -> Ours | None:
    """As the service reads them, with one signature for all."""
    local = address.partition("@")[0]
    letter, _plus, token = local.partition("+")
    *ids, signature = token.split(".")
    if letter not in list(Purpose) or signature != SIGNATURE or not all(ids):
        return None
    return Ours(Purpose(letter), tuple(int(part, 36) for part in ids))


def is_addressee(address: str) -> bool:
    return address in (MINISTER, EMBASSY)


def mail(
    text: str,
    subject: str = "Re: Two letters to write",
    to: str = FOR[Purpose.REPLY],
    sender: str = f"Anna Kovács <{MEMBER}>",
    headers: str = "",
    content_type: str = "text/plain; charset=utf-8",
) -> bytes:
    return (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\n"
        f"Message-ID: <abc@members.example.net>\n"
        f"In-Reply-To: <1z4.zyxwvutsrqponmlkjihgfedc@{DOMAIN}>\n{headers}"
        f"MIME-Version: 1.0\nContent-Type: {content_type}\nContent-Transfer-Encoding: 8bit\n\n{text}"
    ).encode()


def part(content_type: str, text: str, headers: str = "") -> str:
    return f"Content-Type: {content_type}\n{headers}\n{text}\n"


def multipart(kind: str, *parts: str) -> tuple[str, str]:
    """(content type, body)."""
    body = "".join(f"--=_b\n{one}\n" for one in parts) + "--=_b--\n"
    return f'multipart/{kind}; boundary="=_b"', body


# --- automatic answers ---------------------------------------------------------------------------

ABSENCES: dict[str, tuple[tuple[str, str], ...]] = {  # language -> (subject, text)
    "en": (
        ("Automatic reply: Two letters to write", "I am away from my desk and will answer later."),
        ("Out of Office", "Thank you for your email. I'm out of the office until Monday 9 March."),
        ("Out of the office until 5 May", "Hello,\n\nI am on annual leave. For urgent matters call 1."),
        ("AUTO: Anna Kovacs is out of the office (returning 03/15/2026)", "I am out of the office."),
        ("Re: Two letters to write", "Hi,\n\nI'm currently out of the office with limited access to "
         "e-mail. If your message is urgent, please contact my colleague.\n\nAnna"),
        ("Re: Two letters to write", "Thank you for your message. I will be on maternity leave\n"
         "from 1 March and will be back in the office on 1 September."),
        ("Anna on vacation (out of office)", "I'm on holiday until 12 August."),
    ),
    "fr": (
        ("Réponse automatique : Deux lettres", "Je suis absente jusqu'au 9 mars."),
        ("Absence du bureau", "Bonjour,\n\nJe suis en congé du 2 au 9 mars inclus."),
        ("Re: Deux lettres", "Bonjour,\n\nJe suis actuellement absent du bureau, de retour le 9 mars.\n"
         "En cas d'urgence, merci de contacter le secrétariat."),
    ),
    "de": (
        ("Automatische Antwort: Zwei Briefe", "Ich bin bis 9. März nicht im Büro."),
        ("Abwesenheitsnotiz: Zwei Briefe", "Vielen Dank für Ihre Nachricht."),
        ("Re: Zwei Briefe", "Sehr geehrte Damen und Herren,\n\nich bin bis zum 9. März im Urlaub. In "
         "dringenden Fällen wenden Sie sich bitte an meine Vertretung."),
    ),
    "es": (
        ("Respuesta automática: Dos cartas", "Estoy fuera hasta el lunes."),
        ("Fuera de la oficina", "Estaré ausente hasta el 9 de marzo."),
        ("RE: Dos cartas", "Gracias por su mensaje. Me encuentro de vacaciones hasta el 9 de marzo. "
         "Si es urgente, póngase en contacto con mi compañera."),
    ),
    "it": (
        ("Risposta automatica: Due lettere", "Rientro lunedì."),
        ("Fuori sede", "Sono assente fino al 9 marzo."),
        ("Re: Due lettere", "Buongiorno,\n\nsono in ferie fino al 9 marzo. Per urgenze contattare lo "
         "studio."),
    ),
    "pt": (
        ("Resposta automática: Duas cartas", "Volto segunda-feira."),
        ("Ausência temporária", "Estou de férias até 9 de março."),
        ("Re: Duas cartas", "Obrigada pela sua mensagem. Encontro-me ausente do escritório até 9 de "
         "março. Em caso de urgência, contacte a minha colega."),
    ),
    "nl": (
        ("Automatisch antwoord: Twee brieven", "Ik ben maandag terug."),
        ("Afwezig", "Ik ben met vakantie tot en met 9 maart."),
        ("Re: Twee brieven", "Beste afzender,\n\nik ben op dit moment niet op kantoor. Voor dringende "
         "zaken kunt u contact opnemen met het secretariaat. Bedankt voor uw bericht."),
    ),
    "sv": (
        ("Automatiskt svar: Två brev", "Jag är på semester."),
        ("Sv: Två brev", "Hej!\n\nJag är på semester till och med 9 mars. Kontakta växeln om det är "
         "brådskande."),
    ),
    "da": (
        ("Autosvar: To breve", "Jeg er tilbage mandag."),
        ("SV: To breve", "Hej\n\nJeg holder ferie til og med den 9. marts. Hvis det haster, kontakt "
         "venligst kontoret."),
    ),
    "no": (
        ("Automatisk svar: To brev", "Jeg er tilbake mandag."),
        ("SV: To brev", "Hei,\n\njeg er ikke på kontoret denne uken og er tilbake mandag. Haster det, "
         "ring sentralbordet."),
    ),
    "fi": (
        ("Automaattinen vastaus: Kaksi kirjettä", "Palaan maanantaina."),
        ("VS: Kaksi kirjettä", "Hei,\n\nolen lomalla 9.3. asti. Kiireellisissä asioissa ota yhteyttä "
         "toimistoon."),
    ),
    "pl": (
        ("Odpowiedź automatyczna: Dwa listy", "Wracam w poniedziałek."),
        ("Odp: Dwa listy", "Dzień dobry,\n\njestem na urlopie do 9 marca. W pilnych sprawach proszę o "
         "kontakt z sekretariatem."),
    ),
    "cs": (
        ("Automatická odpověď: Dva dopisy", "Vracím se v pondělí."),
        ("Re: Dva dopisy", "Dobrý den,\n\njsem na dovolené a vrátím se 9. března. V naléhavých "
         "případech kontaktujte sekretariát."),
    ),
    "hu": (
        ("Automatikus válasz: Két levél", "Hétfőn jövök."),
        ("Re: Két levél", "Tisztelt Levélíró!\n\nSzabadságon vagyok március 9-ig. Sürgős esetben "
         "forduljon a titkársághoz."),
    ),
    "ru": (
        ("Автоматический ответ: Два письма", "Буду в понедельник."),
        ("Re: Два письма", "Здравствуйте!\n\nЯ нахожусь в отпуске до 9 марта. По срочным вопросам "
         "обращайтесь в секретариат."),
    ),
    "uk": (
        ("Автоматична відповідь: Два листи", "Буду в понеділок."),
        ("Re: Два листи", "Добрий день!\n\nЯ у відпустці до 9 березня. З термінових питань "
         "звертайтеся до секретаріату."),
    ),
    "tr": (
        ("Otomatik yanıt: İki mektup", "Pazartesi dönüyorum."),
        ("Ynt: İki mektup", "Merhaba,\n\nŞu anda yıllık izindeyim. 9 Mart'ta döneceğim. Acil durumlar "
         "için sekreterlik ile iletişime geçebilirsiniz."),
    ),
    "ar": (
        ("رد تلقائي: رسالتان", "سأعود يوم الاثنين."),
        ("رد: رسالتان", "السلام عليكم،\n\nأنا حاليا خارج المكتب حتى 9 مارس. للحالات العاجلة يرجى "
         "الاتصال بالسكرتارية."),
    ),
    "he": (
        ("מענה אוטומטי: שני מכתבים", "אחזור ביום שני."),
        ("Re: שני מכתבים", "שלום רב,\n\nאני נמצאת בחופשה עד 9 במרץ. בעניינים דחופים ניתן לפנות "
         "למזכירות."),
    ),
    "zh": (
        ("自动回复：两封信", "我周一回来。"),
        ("回复：两封信", "您好，\n\n我正在休假，3月9日返回。如有急事，请联系秘书处。"),
    ),
    "ja": (
        ("自動応答: 二通の手紙", "月曜日に戻ります。"),
        ("Re: 二通の手紙", "お世話になっております。\n\n3月9日まで休暇をいただいております。お急ぎの場合は"
         "事務局までご連絡ください。"),
    ),
    "ko": (
        ("자동 회신: 두 통의 편지", "월요일에 돌아옵니다."),
        ("회신: 두 통의 편지", "안녕하세요.\n\n현재 휴가 중입니다. 3월 9일에 복귀합니다. 급한 일은 사무국으로 "
         "연락 주시기 바랍니다."),
    ),
    "mul": (
        ("Αυτόματη απάντηση: Δύο επιστολές", "Είμαι εκτός γραφείου έως 9 Μαρτίου."),
        ("Răspuns automat: Două scrisori", "Sunt în concediu până luni."),
        ("پاسخ خودکار: دو نامه", "من در مرخصی هستم"),
        ("Automatická odpoveď: Dva listy", "Som na dovolenke do 9. marca."),
        ("Balasan otomatis: Dua surat", "Saya sedang cuti hingga 9 Maret."),
        ("Trả lời tự động: Hai lá thư", "Tôi đang nghỉ phép."),
    ),
    "en again": (
        ("OOO Re: Two letters", "I'm OOO this week. Back on the 9th."),
        ("Re: Two letters", "I am currently out of office and will return on Monday."),
        ("Re: Two letters", "Hello, I will be away from 3 to 10 May with no access to email."),
        ("Re: Two letters", "Please do not reply to this message, nobody reads what comes here."),
    ),
}  # fmt: skip

DIALECTS = {  # who writes them -> header fields
    "rfc 3834": "Auto-Submitted: auto-replied\n",
    "rfc 3834 with a comment": "Auto-Submitted: auto-replied (vacation)\n",
    "sieve": "Auto-Submitted: auto-replied (vacation); owner-email=a@b.example\nPrecedence: bulk\n",
    "exchange": "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n"
    "X-MS-Exchange-Organization-AuthAs: Internal\n",
    "gmail": "Precedence: bulk\nX-Autoreply: yes\nAuto-Submitted: auto-replied\n",
    "vacation": "Precedence: junk\nReturn-Path: <>\n",
    "old": "Precedence: auto_reply\n",
    "cpanel": "X-Autorespond: Two letters\nX-Loop: anna@members.example.net\nAuto-Submitted: auto-replied\n",
    "gmx": "X-Mail-Autoreply: Autoreply\n",
    "1and1": "X-Autogenerated: Reply\nPrecedence: bulk\n",
    "web.de": "Auto-Submitted: auto-replied\nX-UI-Out-Filterresults: notjunk:1;\n",
    "exim": "Auto-Submitted: auto-replied\nReturn-Path: <>\n",
    "servicenow": "X-AutoReply: true\nX-ServiceNow-Generated: true\nPrecedence: bulk\n",
    "messageclass": "X-POST-MessageClass: 9; Autoresponder\n",
    "list": "List-Id: <members.lists.example.net>\nPrecedence: list\n",
}
BODIES = ("Je suis là lundi.", "Done", "sent", "Thank you!", "Unsubscribe", "Erledigt", "")

MACHINES = {  # subject, sender, text: without any field that says so
    "ticket": (
        "[#48213] Two letters to write",
        "Help desk <help@practice.example>",
        "We have received your request and will get back to you within two working days.",
    ),
    "request received": (
        "Request received: Two letters to write",
        "Support <support@practice.example>",
        "Thanks for contacting us. Your request (48213) has been received.",
    ),
    "de ticket": (
        "Re: Zwei Briefe [Ticket#2026030210000123]",
        "Kanzlei <office@kanzlei.example>",
        "Wir haben Ihre Nachricht erhalten und werden sie schnellstmöglich beantworten.",
    ),
    "fr receipt": (
        "Accusé de réception",
        "Mairie <contact@mairie.example>",
        "Votre message a bien été reçu. Merci de ne pas répondre à ce courriel.",
    ),
    "noreply": ("Your message", "No reply <no-reply@practice.example>", "Thank you for writing."),
    "challenge": (
        "Confirm your email to anna.kovacs@members.example.net",
        f"Anna <{MEMBER}>",
        "I'm protecting myself from receiving junk mail. Please click the link below.",
    ),
    "boxtrapper": (
        "Your email requires verification verify#kf83kd",
        f"Anna <{MEMBER}>",
        "The message that you sent requires that you verify that you are a live human being.",
    ),
    "moved": (
        "Re: Two letters to write",
        f"Anna <{MEMBER}>",
        "This is an automated message. This e-mail address is no longer in use.",
    ),
    "closed": (
        "Re: Two letters to write",
        f"Practice <{MEMBER}>",
        "Our office is closed until 4 January. In an emergency please contact the hospital.",
    ),
}


def automatic() -> Iterator[tuple[str, bytes]]:
    """Mail of which none may ever count as an action."""
    for language, absences in ABSENCES.items():
        for number, (subject, text) in enumerate(absences):
            yield f"{language} {number} without fields", mail(text, subject)
            for to in (FOR[Purpose.RETURN_PATH], FOR[Purpose.COPY]):
                yield f"{language} {number} to {to[0]}", mail(text, subject, to=to)
    for dialect, fields in DIALECTS.items():
        for body in BODIES:
            for to in (FOR[Purpose.REPLY], FOR[Purpose.COPY]):
                yield f"{dialect}: {body!r} to {to[0]}", mail(body, headers=fields, to=to)
        for language, absences in ABSENCES.items():
            yield f"{language}, {dialect}", mail(absences[-1][1], absences[-1][0], headers=fields)
    for name, (subject, sender, text) in MACHINES.items():
        yield name, mail(text, subject, sender=sender)
    yield from _of_other_shapes()


def _of_other_shapes() -> Iterator[tuple[str, bytes]]:
    receipt = multipart(
        "report; report-type=disposition-notification",
        part("text/plain", "Your message was read on 2 March 2026."),
        part("message/disposition-notification", "Final-Recipient: rfc822;a@b.example\n"
             "Disposition: manual-action/MDN-sent-manually; displayed"),
    )  # fmt: skip
    yield "receipt", mail(receipt[1], "Read: Two letters to write", content_type=receipt[0])
    answer = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR"
    calendar = multipart(
        "alternative",
        part("text/plain", "Done"),
        part("text/calendar; charset=utf-8; method=REPLY", answer),
    )
    yield "calendar", mail(calendar[1], "Accepted: Meeting", content_type=calendar[0])
    html = "<html><body><p>I am out of the office until Monday.</p><p>Done</p></body></html>"
    yield "html", mail(html, "Automatic reply: Two letters", content_type="text/html")


# --- mail of people ------------------------------------------------------------------------------

LIKE_AUTOMATIC = {  # what people write that looks automatic: (subject, text)
    "away, and did it": (
        "Re: Two letters to write",
        "I am out of the office until Friday, but I sent the letter from home this morning.",
    ),
    "promises from the beach": (
        "Re: Two letters to write",
        "I'm on holiday until the 12th. I will write the letter when I am back.",
    ),
    "quotes an absence": (
        "Re: Automatic reply: Two letters to write",
        "The embassy answered with the note below. Shall I try again?\n\n"
        "On Mon, 2 Mar 2026 at 10:00, Embassy <info@embassy.example.com> wrote:\n"
        "> I am out of the office until 9 March. This is an automatic reply.\n",
    ),
    "re: out of office": (
        "Re: Out of Office",
        "Done, he is back at work now and I posted it today.\n\n> I am out of the office until Monday\n",
    ),
    "of automatic replies": (
        "Automatic reply from the ministry",
        "I got only a robot's answer: 'this is an automatic reply'. Is that usual?",
    ),
    "exchange suppresses": ("Re: Two letters to write", "Here is what I think about the case."),
    "a vacation": ("Re: Two letters to write", "We spoke of this at the vacation school. Good idea!"),
    "asks about tickets": ("Re: Two letters to write", "Who pays for the tickets to the hearing?"),
    "german": ("AW: Zwei Briefe", "Ich bin diese Woche im Urlaub, den Brief schicke ich am Montag."),
    "french": ("Re: Deux lettres", "Je suis en vacances mais j'ai écrit au ministre hier soir."),
    "was away": (
        "Re: Two letters to write",
        "I was away until yesterday, sorry for the delay. I posted it today.",
    ),
    "closed ministry": (
        "Re: Two letters to write",
        "The office of the minister is closed until Monday, they told me by telephone.",
    ),
    "left a message": ("Re: Two letters to write", "I have left a message with the embassy."),
    "on leave": (
        "Re: Two letters to write",
        "I am not able to write this time, I'm on leave until May.",
    ),
    "travelling": (
        "Re: Two letters to write",
        "I am travelling until May and can't do this one.",
    ),
    "corrects the case": (
        "Re: Two letters to write",
        "The minister no longer works there. Please contact his successor until June.",
    ),
    "closed but did it": (
        "Re: Two letters to write",
        "Our office is closed this week but I posted it anyway. Urgent things first!",
    ),
    "received": ("Re: Two letters to write", "We received the answer, thank you! Great work."),
    "thanks": ("Re: Two letters to write", "Thank you for your message. I shall think about it."),
}  # fmt: skip
ORDINARY_FIELDS = (
    "",
    "X-Auto-Response-Suppress: DR, OOF, AutoReply\nX-MS-Has-Attach:\nAuto-Submitted: no\n",
    "X-Mailer: iPhone Mail (21A329)\nPrecedence: normal\n",
    "User-Agent: Mozilla Thunderbird\nX-Priority: 3\n",
)


def like_automatic() -> Iterator[tuple[str, bytes]]:
    for name, (subject, text) in LIKE_AUTOMATIC.items():
        for fields in ORDINARY_FIELDS:
            yield f"{name} {fields[:12]}", mail(text, subject, headers=fields)


class Shape(NamedTuple):
    """How a mail program sends an answer: `{}` is what the person wrote."""

    name: str
    text: str
    content_type: str = "text/plain; charset=utf-8"


_ORIGINAL = "Dear Anna,\n\nplease write. I sent mine. Done?\n\nThe bulletin"
_QUOTED = "\n".join(f"> {line}".rstrip() for line in _ORIGINAL.split("\n"))
ATTRIBUTIONS = (
    "On Mon, 2 Mar 2026 at 10:00, The bulletin <news@news.example.org> wrote:",
    "On Mon, 2 Mar 2026 at 10:00, The bulletin of a very long name <news@news.example.org>\nwrote:",
    "On 02/03/2026 10:00, The bulletin wrote:",
    "Le lun. 2 mars 2026 à 10:00, The bulletin <news@news.example.org> a écrit :",
    "Am Mo., 2. März 2026 um 10:00 Uhr schrieb The bulletin <news@news.example.org>:",
    "Am 02.03.26 um 10:00 schrieb The bulletin:",
    "El lun, 2 mar 2026 a las 10:00, The bulletin (<news@news.example.org>)\nescribió:",
    "Il giorno lun 2 mar 2026 alle ore 10:00 The bulletin <news@news.example.org> ha scritto:",
    "Em seg., 2 de mar. de 2026 às 10:00, The bulletin <news@news.example.org>\nescreveu:",
    "Op ma 2 mrt 2026 om 10:00 schreef The bulletin <news@news.example.org>:",
    "Den mån 2 mars 2026 kl 10:00 skrev The bulletin <news@news.example.org>:",
    "man. 2. mar. 2026 kl. 10.00 skrev The bulletin <news@news.example.org>:",
    "ma 2. maalisk. 2026 klo 10.00 The bulletin (news@news.example.org) kirjoitti:",
    "pon., 2 mar 2026 o 10:00 The bulletin <news@news.example.org> napisał(a):",
    "po 2. 3. 2026 v 10:00 odesílatel The bulletin <news@news.example.org> napsal:",
    "The bulletin <news@news.example.org> ezt írta (időpont: 2026. márc. 2., H, 10:00):",
    "пн, 2 мар. 2026 г. в 10:00, The bulletin <news@news.example.org>:",
    "пн, 2 бер. 2026 р. о 10:00 The bulletin <news@news.example.org> пише:",
    "The bulletin <news@news.example.org>, 2 Mar 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "في الاثنين، 2 مارس 2026 في 10:00 ص تمت كتابة ما يلي بواسطة The bulletin <news@news.example.org>:",
    "\u202bבתאריך יום ב׳, 2 במרץ 2026 ב-10:00 מאת The bulletin <\u202anews@news.example.org\u202c>:\u202c",
    "The bulletin <news@news.example.org> 于2026年3月2日周一 10:00写道：",
    "2026年3月2日(月) 10:00 The bulletin <news@news.example.org>:",
    "2026년 3월 2일 (월) 오전 10:00, The bulletin <news@news.example.org>님이 작성:",
)
BLOCKS = (
    "From: The bulletin <news@news.example.org>\nSent: Monday, 2 March 2026 10:00\nTo: Anna\n"
    "Subject: Two letters to write",
    "*From:* The bulletin <news@news.example.org>\n*Date:* Monday, 2 March 2026\n*To:* Anna\n"
    "*Subject:* Two letters",
    "Von: The bulletin <news@news.example.org>\nGesendet: Montag, 2. März 2026 10:00\nAn: Anna\n"
    "Betreff: Zwei Briefe",
    "De : The bulletin <news@news.example.org>\nEnvoyé : lundi 2 mars 2026 10:00\nÀ : Anna\n"
    "Objet : Deux lettres",
    "De: The bulletin <news@news.example.org>\nEnviado el: lunes, 2 de marzo de 2026\nPara: Anna\n"
    "Asunto: Dos cartas",
    "Da: The bulletin <news@news.example.org>\nInviato: lunedì 2 marzo 2026 10:00\nA: Anna\n"
    "Oggetto: Due lettere",
    "Van: The bulletin <news@news.example.org>\nVerzonden: maandag 2 maart 2026\nAan: Anna\n"
    "Onderwerp: Twee brieven",
    "От: The bulletin <news@news.example.org>\nОтправлено: 2 марта 2026 г. 10:00\nКому: Anna\n"
    "Тема: Два письма",
    "发件人: The bulletin <news@news.example.org>\n发送时间: 2026年3月2日 10:00\n收件人: Anna\n主题: 两封信",
    "差出人: The bulletin <news@news.example.org>\n送信日時: 2026年3月2日 10:00\n宛先: Anna\n件名: 手紙",
)
PHONES = (
    *(
        "Sent from my iPhone",
        "Envoyé de mon iPhone",
        "Von meinem iPhone gesendet",
        "Enviado desde mi iPhone",
    ),
    *(
        "Get Outlook for iOS",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Отправлено с iPhone",
    ),
    *(
        "Sent from Yahoo Mail on Android",
        "Skickat från min iPhone",
        "iPhoneから送信",
        "发自我的iPhone",
    ),
)


def shapes() -> Iterator[Shape]:
    """Answers as mail programs write them. Of each, what the person wrote is `{}` alone."""
    yield Shape("alone", "{}\n")
    yield Shape("signature", "{}\n\n-- \nAnna Kovács\nAdvocate, sent from court\n")
    for line in ATTRIBUTIONS:
        yield Shape(f"above: {line[:30]}", f"{{}}\n\n{line}\n\n{_QUOTED}\n")
        yield Shape(f"close: {line[:30]}", f"{{}}\n{line}\n{_QUOTED}\n")
        yield Shape(f"below: {line[:30]}", f"{line}\n{_QUOTED}\n\n{{}}\n")
        yield Shape(f"bare: {line[:30]}", f"{{}}\n\n{line}\n\n{_ORIGINAL}\n")
    for block in BLOCKS:
        yield Shape(f"block: {block[:10]}", f"{{}}\n\n{block}\n\n{_ORIGINAL}\n")
        yield Shape(f"rule: {block[:10]}", f"{{}}\n\n{'_' * 32}\n{block}\n\n{_ORIGINAL}\n")
        for marker in ("-----Original Message-----", "-----Ursprüngliche Nachricht-----"):
            yield Shape(f"marker: {block[:10]}", f"{{}}\n\n{marker}\n{block}\n\n{_ORIGINAL}\n")
    for phone in PHONES:
        yield Shape(phone, f"{{}}\n\n{phone}\n\n{ATTRIBUTIONS[0]}\n\n{_QUOTED}\n")
    yield from _of_html()


def _of_html() -> Iterator[Shape]:
    original = "<p>Dear Anna,</p><p>I sent mine. Done?</p>"
    attribution = (
        "On Mon, 2 Mar 2026 at 10:00, The bulletin &lt;news@news.example.org&gt; wrote:<br>"
    )
    block = (
        "<b>From:</b> The bulletin<br><b>Sent:</b> Monday<br><b>To:</b> Anna<br><b>Subject:</b> x"
    )
    for name, html in {
        "gmail": '<div dir="ltr">{}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{attribution}</div><blockquote class="gmail_quote">{original}</blockquote></div>',
        "gmail below": f'<div class="gmail_quote"><div class="gmail_attr">{attribution}</div>'
        f'<blockquote class="gmail_quote">{original}</blockquote></div><div>{{}}</div>',
        "outlook.com": '<div>{}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
        f"{block}</div>{original}",
        "outlook": '<div class="WordSection1"><p class="MsoNormal">{}<o:p></o:p></p><div style="border-top:'
        f'solid #E1E1E1 1.0pt"><p class="MsoNormal">{block}</p></div>{original}</div>',
        "thunderbird": f'<p>{{}}</p><div class="moz-cite-prefix">{attribution}</div>'
        f'<blockquote type="cite">{original}</blockquote><div class="moz-signature">-- <br>Anna</div>',
        "yahoo": f'<div>{{}}</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>{attribution}</div>'
        f"<div>{original}</div></div>",
        "apple": f'<div>{{}}</div><div><br><blockquote type="cite"><div>{attribution}</div>{original}'
        "</blockquote></div>",
        "proton": f'<div>{{}}</div><div class="protonmail_quote">{attribution}{original}</div>',
    }.items():
        yield Shape(f"html {name}", f"<html><body>{html}</body></html>", "text/html; charset=utf-8")
        kind, body = multipart(
            "alternative",
            part("text/plain; charset=utf-8", "  \n"),
            part(
                "text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit", f"<body>{html}</body>"
            ),
        )
        yield Shape(f"alternative {name}", body, kind)


PLAIN_ANSWERS = {  # language -> (line, answer)
    "en": (("Done!", "done"), ("Hi Marie, I've sent it. Thanks, Anna", "done"), ("I will do it tomorrow", "will_do"),
           ("Sorry, I can't", "cannot"), ("I tried, but it didn't work.", "could_not"), ("Already done", "already")),
    "fr": (("C’est fait !", "done"), ("envoyé", "done"), ("Je le ferai demain.", "will_do"),
           ("Je ne peux pas, désolé", "cannot"), ("Déjà fait", "already"), ("Je n'ai pas pu.", "could_not")),
    "de": (("Erledigt", "done"), ("Brief ist raus, liebe Grüße", "done"), ("Mach ich!", "will_do"),
           ("Geht leider nicht", "cannot"), ("Habe ich schon gemacht", "already")),
    "es": (("Hecho", "done"), ("Ya está enviado, saludos", "done"), ("Lo haré", "will_do"), ("No puedo", "cannot")),
    "it": (("Fatto", "done"), ("Lo farò domani", "will_do"), ("Non posso", "cannot"), ("Già fatto", "already")),
    "pt": (("Feito", "done"), ("Enviei", "done"), ("Vou fazer", "will_do"), ("Não posso", "cannot")),
    "nl": (("Gedaan", "done"), ("Doe ik", "will_do"), ("Kan ik niet", "cannot"), ("Al gedaan", "already")),
    "sv": (("Jag har skickat brevet", "done"), ("Jag ska göra det", "will_do"), ("Redan gjort", "already")),
    "da": (("Jeg har sendt det", "done"), ("Det gør jeg", "will_do")),
    "no": (("Gjort", "done"), ("Jeg kan dessverre ikke", "cannot")),
    "fi": (("Tehty", "done"), ("En voi", "cannot"), ("Olen jo lähettänyt sen", "already")),
    "pl": (("Wysłane", "done"), ("wyslane", "done"), ("Nie mogę", "cannot"), ("Zrobię to jutro", "will_do")),
    "cs": (("Hotovo", "done"), ("Bohužel nemohu", "cannot")),
    "hu": (("Elküldtem", "done"), ("Sajnos nem tudom", "cannot")),
    "ru": (("Сделано", "done"), ("Отправила, спасибо!", "done"), ("К сожалению, не могу", "cannot")),
    "uk": (("Зроблено", "done"), ("Надішлю", "will_do")),
    "tr": (("YAPTIM", "done"), ("Gönderdim, teşekkürler", "done"), ("Yapamam", "cannot")),
    "ar": (("تم", "done"), ("لقد أرسلت الرسالة، شكرا", "done"), ("لا أستطيع", "cannot")),
    "he": (("שלחתי, תודה", "done"), ("כבר עשיתי", "already")),
    "zh": (("已发送", "done"), ("我会做", "will_do"), ("谢谢，已完成。", "done")),
    "ja": (("送信しました。", "done"), ("すでに送りました", "already")),
    "ko": (("보냈습니다", "done"), ("네, 하겠습니다.", "will_do")),
}  # fmt: skip
NO_PLAIN_ANSWERS = (
    *("Not done", "not done yet", "Done?", "I have not sent it", "I haven't sent it", "Done with this, remove me"),
    *("Will be done when I am back", "will be done when…", "I will not", "Sent to you by mistake", "Done is done"),
    *("I could have done it", "It is not done", "Should I have sent it", "Fait divers", "Pas fait", "No hecho"),
    *("Nicht erledigt", "Noch nicht gesendet", "Done reading, nothing sent", "Sent? No.", "👍", "?", "", "thanks"),
    *("No lo he enviado", "не сделано", "لم يتم", "没有发送", "まだ送っていません", "ok", "yes", "Done, not", "I did, and I can't"),
    *("done\nwith your newsletters, goodbye", "I have sent it\nback to you", "Done\n\nCannot", "I will\nnot do this"),
)  # fmt: skip
ASK_TO_LEAVE = (
    *("Unsubscribe", "UNSUBSCRIBE!!", "Please remove me from your list.", "Hi,\n\nremove me please\n\nAnna"),
    *("Please unsubscribe me, thank you", "Merci de me désabonner", "Désabonnez-moi", "Bitte abmelden", "Abmelden"),
    *("Bitte nehmen Sie mich aus dem Verteiler", "Quiero darme de baja", "Cancellatemi dalla lista", "Uitschrijven"),
    *("Quero sair da lista", "Avregistrera mig", "Afmeld mig", "Meld meg av", "Poista minut listalta", "退订"),
    *("Proszę o usunięcie z listy", "Odhlásit", "Leiratkozom", "Отпишите меня", "Відпишіть мене", "配信停止", "수신거부"),
    *("Abonelikten çıkmak istiyorum", "إلغاء الاشتراك", "הסירו אותי מהרשימה", "I no longer wish to receive these emails."),
)  # fmt: skip
SPEAK_OF_LEAVING = (
    "I wrote the letter today. By the way, my colleague would like to know how one can unsubscribe.",
    "How do I unsubscribe?",
    "Unsubscribe? Never, I like it.",
    "Please do not remove me from your list, I was only on holiday.",
    "The minister told me to remove him from our list. What shall I say",
    "I nearly pressed unsubscribe but the story kept me.",
    "Stop",
)

LETTER = (
    "Your Excellency,\n\n"
    + "I write to you as an advocate, concerned for the safety of a colleague. " * 12
    + "\n\nYours faithfully,\nAnna Kovács"
)
