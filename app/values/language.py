"""Languages: tags (BCP 47, RFC 5646), and library codes (ISO 639-2)."""

from __future__ import annotations

import re
from functools import lru_cache

from .error_detail import reject

# Primary languages of four letters are reserved, and none of five to eight letters is registered. They are excluded, so
# that "english" is an error. Extended subtags, script, region, variants, extensions and private use follow.
PATTERN = (
    r"^[A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WYZa-wyz](-[A-Za-z0-9]{2,8})+)*(-[xX](-[A-Za-z0-9]{1,8})+)?$"
    r"|^[xX](-[A-Za-z0-9]{1,8})+$"
)

# The ISO 639-2 codes (bibliographic, terminological and discontinued) of all languages with an ISO 639-1 code, which
# BCP 47 requires for them.
_CODES = """
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

_tag = re.compile(PATTERN)
TWO_LETTERS = dict(pair.split("=") for pair in _CODES.split())  # ISO 639-2 → ISO 639-1
_three_letters = {two: three for three, two in reversed(TWO_LETTERS.items())}  # to the first, bibliographic code


@lru_cache(maxsize=1000)
def normalize(value: str) -> str:
    """Return a tag in the letter case of section 2.1.1 (``pt-BR``).

    Rejects anything else with ``invalid_language``.
    """
    if not _tag.match(value) or value.endswith("\n"):
        reject("invalid_language", "This must be a BCP 47 language tag such as en, pt-BR or zh-Hant.")
    subtags: list[str] = []
    after_singleton = False
    for subtag in value.lower().split("-"):
        if subtags and not after_singleton:
            if len(subtag) == 2:
                subtag = subtag.upper()
            elif len(subtag) == 4 and subtag.isalpha():
                subtag = subtag.title()
        after_singleton = after_singleton or len(subtag) == 1
        subtags.append(subtag)
    return "-".join(subtags)


def three_letters(tag: str) -> str:
    """Return the bibliographic code (ISO 639-2/B) of a tag's language; "und" if there is none."""
    primary = tag.partition("-")[0].lower()
    return _three_letters.get(primary, primary if len(primary) == 3 else "und")
