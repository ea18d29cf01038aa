"""Languages as files have them (MARC and ISO 639 codes, English names, several at once), as BCP 47 tags."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from schema import SchemaError

from app.values import language

# ISO 639-2 codes (also those that libraries use, and those that MARC gave up) of the languages that have two letters
# in ISO 639-1, which BCP 47 asks for.
_TWO_LETTERS = """
    aar=aa abk=ab ave=ae afr=af aka=ak amh=am arg=an ara=ar asm=as ava=av aym=ay aze=az bak=ba bel=be bul=bg bih=bh
    bis=bi bam=bm ben=bn tib=bo bod=bo bre=br bos=bs cat=ca che=ce cha=ch cos=co cre=cr cze=cs ces=cs chu=cu chv=cv
    wel=cy cym=cy dan=da ger=de deu=de div=dv dzo=dz ewe=ee gre=el ell=el eng=en epo=eo esp=eo spa=es est=et baq=eu
    eus=eu per=fa fas=fa ful=ff fin=fi fij=fj fao=fo far=fo fre=fr fra=fr fry=fy fri=fy gle=ga iri=ga gla=gd gae=gd
    glg=gl gag=gl grn=gn gua=gn guj=gu glv=gv max=gv hau=ha heb=he hin=hi hmo=ho hrv=hr scr=hr hat=ht hun=hu arm=hy
    hye=hy her=hz ina=ia int=ia ind=id ile=ie ibo=ig iii=ii ipk=ik ido=io ice=is isl=is ita=it iku=iu jpn=ja jav=jv
    geo=ka kat=ka kon=kg kik=ki kua=kj kaz=kk kal=kl khm=km cam=km kan=kn kor=ko kau=kr kas=ks kur=ku kom=kv cor=kw
    kir=ky lat=la ltz=lb lug=lg lim=li lin=ln lao=lo lit=lt lub=lu lav=lv mlg=mg mla=mg mah=mh mao=mi mri=mi mac=mk
    mkd=mk mal=ml mon=mn mar=mr may=ms msa=ms mlt=mt bur=my mya=my nau=na nob=nb nde=nd nep=ne ndo=ng dut=nl nld=nl
    nno=nn nor=no nbl=nr nav=nv nya=ny oci=oc lan=oc oji=oj orm=om gal=om ori=or oss=os pan=pa pli=pi pol=pl pus=ps
    por=pt que=qu roh=rm run=rn rum=ro ron=ro mol=ro rus=ru kin=rw san=sa srd=sc snd=sd sme=se lap=se sag=sg sin=si
    snh=si slo=sk slk=sk slv=sl smo=sm sao=sm sna=sn sho=sn som=so alb=sq sqi=sq srp=sr scc=sr ssw=ss swz=ss sot=st
    sso=st sun=su swe=sv swa=sw tam=ta tel=te tgk=tg taj=tg tha=th tir=ti tuk=tk tgl=tl tag=tl tsn=tn tsw=tn ton=to
    tur=tr tso=ts tat=tt tar=tt twi=tw tah=ty uig=ug ukr=uk urd=ur uzb=uz ven=ve vie=vi vol=vo wln=wa wol=wo xho=xh
    yid=yi yor=yo zha=za chi=zh zho=zh zul=zu
"""
_NAMES = """
    afrikaans=af albanian=sq arabic=ar armenian=hy basque=eu belarusian=be bengali=bn bosnian=bs breton=br bulgarian=bg
    burmese=my catalan=ca chinese=zh croatian=hr czech=cs danish=da dutch=nl flemish=nl english=en esperanto=eo
    estonian=et faroese=fo farsi=fa persian=fa finnish=fi french=fr galician=gl georgian=ka german=de greek=el
    gujarati=gu hausa=ha hebrew=he hindi=hi hungarian=hu icelandic=is indonesian=id irish=ga italian=it japanese=ja
    javanese=jv kannada=kn kazakh=kk khmer=km korean=ko kurdish=ku lao=lo latin=la latvian=lv lithuanian=lt
    luxembourgish=lb macedonian=mk malay=ms malayalam=ml maltese=mt maori=mi marathi=mr mongolian=mn nepali=ne
    norwegian=no occitan=oc pashto=ps polish=pl portuguese=pt punjabi=pa romanian=ro russian=ru sanskrit=sa serbian=sr
    sinhala=si slovak=sk slovenian=sl somali=so spanish=es castilian=es swahili=sw swedish=sv tagalog=tl tamil=ta
    telugu=te thai=th tibetan=bo turkish=tr ukrainian=uk urdu=ur uzbek=uz vietnamese=vi welsh=cy yiddish=yi yoruba=yo
    zulu=zu deutsch=de englisch=en französisch=fr italienisch=it spanisch=es russisch=ru lateinisch=la français=fr
    anglais=en allemand=de español=es italiano=it português=pt nederlands=nl svenska=sv dansk=da norsk=no suomi=fi
    polski=pl русский=ru castellano=es inglés=en francés=fr alemán=de portugués=pt ruso=ru latín=la espagnol=es
    italien=it russe=ru portugais=pt néerlandais=nl latin=la inglese=en francese=fr tedesco=de spagnolo=es russo=ru
    latino=la niederländisch=nl schwedisch=sv dänisch=da norwegisch=no finnisch=fi polnisch=pl tschechisch=cs
    ungarisch=hu portugiesisch=pt griechisch=el altgriechisch=grc türkisch=tr chinesisch=zh japanisch=ja arabisch=ar
    hebräisch=he inglês=en francês=fr alemão=de espanhol=es engels=en frans=fr duits=de spaans=es engelska=en tyska=de
    franska=fr engelsk=en tysk=de fransk=fr magyar=hu čeština=cs türkçe=tr ελληνικά=el українська=uk 中文=zh 日本語=ja
    한국어=ko
"""


def _table(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


_two_letters = _table(_TWO_LETTERS)
_names = _table(_NAMES)
# Codes of ISO 639-2 for what is no language: undetermined, several, none; and what programs write for nothing.
_NO_LANGUAGE = frozenset(
    {"", "und", "mul", "zxx", "mis", "n/a", "none", "null", "unknown", "undetermined", "|||", "xxx"}
)
_several = re.compile(r"\s*(?:[/;,|&+]|\band\b)\s*")
_codes_together = re.compile(r"[a-z]{6,}")


LONGEST = 1_000  # characters of what may be languages


class Language(NamedTuple):
    """A tag or None, and the warning that it takes, if any."""

    value: str | None
    kind: str | None


@lru_cache(maxsize=1 << 14)
def read(raw: str) -> Language:
    """The tag of the (first) language; no warning where nothing is said, or where one is said in another code."""
    text = raw.strip(" .,;[]()\t\r\n")
    if len(text) > LONGEST:
        return Language(None, "language_unknown")
    if text.lower() in _NO_LANGUAGE:
        return Language(None, None)
    tag = _tag(text)
    if tag:
        return Language(tag, None)
    parts = [part for part in _several.split(text) if part]
    if len(parts) == 1 and _codes_together.fullmatch(text) and len(text) % 3 == 0:  # "freengger", as MARC once had it
        parts = [text[start : start + 3] for start in range(0, len(text), 3)]
        if parts[0] not in _two_letters:
            parts = []
    if len(parts) > 1:
        first = next((tag for part in parts if (tag := _tag(part))), None)
        return Language(first, "language_reduced" if first else "language_unknown")
    return Language(None, "language_unknown")


_three_letters = {two: three for three, two in reversed(_two_letters.items())}  # the first, which libraries use


def three_letters(tag: str) -> str:
    """MARC's code (ISO 639-2/B) of a tag's language; "und" where none is known."""
    primary = tag.partition("-")[0].lower()
    return _three_letters.get(primary, primary if len(primary) == 3 else "und")


def _tag(text: str) -> str | None:
    word = text.lower()
    if word in _names:
        return _names[word]
    primary, mark, rest = text.replace("_", "-").partition("-")
    primary = _two_letters.get(primary.lower(), primary)
    try:
        return language.normalize(primary + mark + rest) if len(text) <= 100 else None
    except SchemaError:
        return None
