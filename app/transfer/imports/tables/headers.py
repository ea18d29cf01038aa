"""Headers of common spreadsheet columns in several languages, with their targets."""

from __future__ import annotations

import re

from app.transfer.records import RESOURCES, RecordKind

from .layout import Layout, fold_header, targets_by_header


def header_forms(header: str) -> list[str]:
    """Return the folded forms of a header for lookups.

    Unchanged, without text in brackets, and without a trailing number ("Author 2").
    """
    bare = fold_header(re.sub(r"[(\[].*?[)\]]", " ", header))
    return [fold_header(header), bare, re.sub(r"\s*\b[0-9]{1,2}$|(?<=[a-z])[0-9]{1,2}$", "", bare)]


def _with_all_fields(kind: RecordKind, targets: dict[str, str]) -> dict[str, str]:
    """Add the name of each field as a header, if it is not one yet."""
    fields = {fold_header(name): name for name, field in RESOURCES[kind].fields.items() if not field.read_only}
    return targets | {header: name for header, name in fields.items() if header not in targets}


# For one target, preferred headers come first: dates before years, dates of the edition before those of the work.
_BOOK_HEADERS = targets_by_header(
    {
        "title": """
            title, book title, book name, name of book, name of the book, main title, titel, buchtitel, titre, titre
            du livre, título, título del libro, título do livro, titolo, titolo del libro, boektitel, название, full
            title, book, buch, livre, libro, boek, name, nom, nombre, nome, naam
        """,
        "subtitle": "subtitle, sub title, untertitel, sous titre, subtítulo, sottotitolo, ondertitel",
        "authors": """
            authors, author, book author, author name, author names, author s, primary author, writer, writers,
            written by, creator, creators, autor, autoren, autor in, autoren innen, autorin, verfasser, verfasser
            in, schriftsteller, auteur, auteurs, auteur s, auteure, autore, autori, autores, autor a, autor es,
            autora, schrijver, schrijvers, автор, by, author last first, author l f
        """,
        "given_name": """
            author first name, author s first name, first name, firstname, given name, forename, vorname, prénom,
            prénom de l auteur, nombre del autor, nome autore, voornaam
        """,
        "family_name": """
            author last name, author s last name, last name, lastname, surname, family name, nachname, name des
            autors, nom de l auteur, apellido, apellidos, cognome, achternaam
        """,
        "isbn": """
            isbn, isbn13, isbn 13, isbn10, isbn 10, isbns, isbn uid, isbn 13 isbn 10, ean, ean13, ean 13, gtin, ean
            isbn13, upc isbn10, código isbn
        """,
        "published": """
            published, publication date, date of publication, date published, published date, published on, publish
            date, pub date, pubdate, release date, erscheinungsdatum, erschienen, erschienen am, date de
            publication, date de parution, parution, fecha de publicación, fecha de edición, fecha publicación, data
            di pubblicazione, data de publicação, publicatiedatum, publication year, year published, year of
            publication, published year, pub year, year, jahr, erscheinungsjahr, année, année de publication, année
            de parution, année d édition, año, año de publicación, año de edición, anno, anno di pubblicazione, ano,
            ano de publicação, jaar, jaar van uitgave, year first published, first published, original publication
            year, date, datum
        """,
        "publisher": """
            publisher, publishers, publisher name, publishing house, published by, verlag, éditeur, éditions, maison
            d édition, editorial, editore, casa editrice, editora, uitgever, uitgeverij, imprint, издательство
        """,
        "language": """
            language, languages, language code, lang, sprache, sprachen, langue, langues, idioma, idiomas, lingua,
            língua, taal
        """,
        "page_count": """
            page count, num pages, number of pages, no of pages, of pages, pagecount, total pages, pages,
            seitenzahl, seitenanzahl, anzahl seiten, seiten, nombre de pages, nb de pages, nb pages, número de
            páginas, n de páginas, no de páginas, nº de páginas, num páginas, páginas, numero di pagine, numero
            pagine, pagine, aantal pagina s, pagina s, paginas
        """,
        "description": """
            description, book description, summary, synopsis, blurb, abstract, abstract note, beschreibung, inhalt,
            inhaltsangabe, klappentext, zusammenfassung, résumé, quatrième de couverture, descripción, resumen,
            sinopsis, descrizione, riassunto, trama, descrição, resumo, sinopse, beschrijving, samenvatting
        """,
        "series_with_position": """
            series, series title, series name, book series, reihe, buchreihe, série, serie, saga, colección,
            collana, reeks, collection
        """,
        "series_position": """
            series position, series index, series number, series no, number in series, book number, series volume,
            volume, volume number, vol, vol no, band, bandnummer, bandzahl, band nr, tome, tomo, número, número en
            la serie, numero di serie, deel
        """,
        "subjects": """
            subjects, subject, subject headings, topics, topic, lcsh, thema, themen, sujet, sujets, materia,
            materias, soggetto, soggetti, assunto, assuntos, onderwerp, onderwerpen
        """,
        "subjects[,]": """
            tags, tag, schlagworte, schlagwörter, genres, genre, categories, category, keywords, shelves,
            bookshelves, manual tags, stichworte, stichwörter, kategorie, kategorien, mots clés, catégorie,
            catégories, género, géneros, etiquetas, palabras clave, categoría, categorías, genere, generi, parole
            chiave, categoria, trefwoorden
        """,
        "cover_url": "cover url, image url, cover image url, cover, cover image, image, thumbnail, coverimg",
        "identifiers": "identifiers",
        "identifiers[lccn]": "lccn",
        "identifiers[oclc]": "oclc, oclc number",
        "identifiers[lcc]": "lcc, lc classification, library of congress classification",
        "identifiers[ddc]": "ddc, dewey, dewey decimal, dewey decimal classification",
        "identifiers[doi]": "doi",
        "identifiers[asin]": "asin",
        "identifiers[goodreads]": "goodreads id, goodreads book id",
        "identifiers[openlibrary]": "open library id, openlibrary id, olid",
        "authors[editor]": """
            editor, editors, herausgeber, herausgeber in, herausgeberin, hrsg, edited by, éditeur scientifique, a
            cura di, curatore, redacteur
        """,
        "authors[translator]": """
            translator, translators, translated by, übersetzer, übersetzer in, übersetzerin, übersetzung,
            uebersetzer, traducteur, traducteur s, traductrice, traduction, traductor, traductor a, traductora,
            traducción, traduttore, traduzione, tradutor, tradução, vertaler, vertaling
        """,
        "authors[illustrator]": """
            illustrator, illustrators, illustrated by, artist, illustrator in, illustratorin, illustrateur,
            illustratrice, ilustrador, ilustradora, illustratore, tekenaar
        """,
        "authors[narrator]": """
            narrator, narrators, narrated by, read by, reader, sprecher, sprecher in, sprecherin, narrateur,
            narrador, narratore, voorlezer
        """,
        "authors[introduction]": """
            introduction, introductions, introduction by, foreword, foreword by, vorwort, préface, préfacier,
            prólogo, prefazione
        """,
        "authors[adapter]": "adapter, adapters, adapted by",
        "authors[photographer]": "photographer, photographers, photographs by",
        "authors[compiler]": "compiler, compilers, compiled by",
        "authors[contributor]": """
            contributor, contributors, additional authors, other authors, secondary author, secondary authors
        """,
    }
)
_AUTHOR_HEADERS = targets_by_header(
    {
        "name": "name, full name, author name, nom, nombre, nome, naam, author, autor, auteur, autore",
        "sort_name": "sort name, author sort, file as",
        "alternate_names": "alternate names, aliases, alias, other names, also known as, aka, pseudonyms",
        "birth_date": """
            birth date, birthdate, born, date of birth, birth year, birthday, dob, geboren, geburtsdatum,
            geburtsjahr, date de naissance, fecha de nacimiento, data di nascita
        """,
        "death_date": """
            death date, deathdate, died, date of death, death year, dod, gestorben, todesdatum, todesjahr, date de
            décès, fecha de fallecimiento, data di morte
        """,
        "biography": "biography, bio, about, description, biographie, biografía, biografia",
        "identifiers": "identifiers",
    }
)
NAME_HEADERS = frozenset({"name", "nom", "nombre", "nome", "naam"})  # may name books or people
# Ambiguous headers, used only if no other column has their target.
VAGUE_HEADERS = NAME_HEADERS | {
    *("by", "collection", "cover", "cover image", "date", "datum", "full title", "image", "numero", "volume"),
    *("book", "buch", "livre", "libro", "boek", "author last first", "author l f"),
}
# Headers of row ids, used only with --source.
KEY_HEADERS = frozenset({"id", "key", "nr", "no", "book id", "record id", "item id", "uuid"})
GENERIC_LAYOUTS: dict[RecordKind, Layout] = {
    "books": Layout("books", "books", "books", _with_all_fields("books", _BOOK_HEADERS), people=None, inverted=None),
    "authors": Layout("authors", "authors", "authors", _with_all_fields("authors", _AUTHOR_HEADERS), inverted=None),
}
