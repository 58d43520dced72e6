"""What a letter says by itself, in the language of its edition."""

from newsletters.words import Translate


def labels(t: Translate) -> dict[str, str]:
    return {
        "why": t("Why you"),
        "by": t("By"),
        "write_to": t("Write to"),
        "model": t("You may write, better in your own words"),
        "restricted": t("Not for publication."),
        "happened": t("What has happened"),
        "wishes": t("What they wish"),
        "qr": t("The same address as below, for a telephone"),
        "scan": t("Say on the web that you did it. Scan this, or type:"),
        "cut": t("No web at hand? Tick what is true, cut here, and send this part to:"),
        "done": t("I did it"),
        "will_do": t("I will do it by"),
        "could_not": t("I could not"),
        "page": t("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
    }
