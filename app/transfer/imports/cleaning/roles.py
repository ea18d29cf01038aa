"""Roles of the catalog for MARC relator codes and terms, and for words of reading sites."""

from __future__ import annotations

from app.books.models import ROLES

# Relator codes (id.loc.gov/vocabulary/relators), terms in English, German, French and Spanish, and abbreviations.
_WORDS = {
    "author": """
        aut author authors writer joint-author coauthor co-author creator cre dis dissertant aus screenwriter lbt
        librettist lyr lyricist cmp composer autor autorin verfasser verfasserin verf auteur primary-author main-author
        goodreads-author poet aud dialog-author reporter rpt interviewee ive
    """,
    "editor": """
        edt editor editors ed eds joint-editor series-editor general-editor edc edm hrsg hg herausgeber herausgeberin
        éditeur-scientifique red redacteur redaktor edit edited editor-of-compilation directeur-de-la-publication
        herausgegeben curatore curador
    """,
    "translator": """
        trl translator translators tr trans translated-by übersetzer übersetzerin übers traducteur traductrice traductor
        traductora traduttore tradutor vertaler translated übersetzt traduit trad traducido traducción traduzione
        vertaald
    """,
    "illustrator": """
        ill illustrator illustrators illus artist art illustrations illustrated illustrated-by illustrateur
        illustratrice ilustrador ilustradora illustriert illustré ilustrado zeichner illustratorin cartoonist
        penciller inker colorist clr cover-artist cov engraver egr drm draftsman ltg lithographer
    """,
    "narrator": """
        nrt narrator reader rea spk speaker read read-by narrated gelesen erzähler sprecher narrateur voice vac
        voice-actor
    """,
    "compiler": "com compiler collector col comp compiled compiled-by zusammenstellender compilateur anthologist cll",
    "adapter": "adp adapter adaptor arr arranger adapted adapted-by bearbeiter bearb abr abridger",
    "photographer": "pht photographer photos photographs fotograf fotografin photographe fotógrafo",
    "introduction": """
        aui introduction win wpr foreword preface author-of-introduction writer-of-introduction afterword aft wst
        author-of-introduction,-etc vorwort einleitung préface préfacier prologue prólogo
    """,
    "contributor": """
        ctb contributor contributors mitwirkender mitw collaborator other participant cns consultant issuing-body isb
        spn sponsor sponsoring-body pbl publisher
    """,
}
_role_of = {word: role for role, words in _WORDS.items() for word in words.split()}
# Relators of people who did not contribute to the contents: owners, printers, sellers, dedicatees.
_NO_CONTRIBUTOR = """
    fmo former-owner own owner bsl bookseller prt printer bnd binder dte dedicatee dto dedicator ins inscriber ann
    annotator asn associated-name hnr honoree dnr donor auc auctioneer pfr proofreader rcp addressee sgn signer wit
    witness scr scribe copyist dst distributor mfr manufacturer pup ppm papermaker tyd type-designer bkd book-designer
    crp correspondent dfd defendant ptf plaintiff fac facsimilist csl case-sponsor depicted dpc subject
    participant-in-treaty participant-in-a-treaty enacting-jurisdiction enj jug
"""
NO_CONTRIBUTOR = frozenset(_NO_CONTRIBUTOR.split())


def find_role(word: str) -> str | None:
    """Return the role for a relator code or term; None if it is unknown.

    Relators of `NO_CONTRIBUTOR` return "".
    """
    plain = word.rpartition("/")[2].strip(" .,;:?()[]").lower()
    if plain in ROLES:
        return plain
    plain = plain.replace(" ", "-")
    role = _role_of.get(plain)
    if role:
        return role
    return "" if plain in NO_CONTRIBUTOR else None
