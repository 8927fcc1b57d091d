"""Writes ``ru/roles.tsv`` anew from lemmas: run by hand with pymorphy3 2.0.6 installed, never by the product.

Every case form of a noun is listed under ``<type>.sg`` or ``<type>.pl``; a form that may be either is under both.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pymorphy3

LEMMAS = {
    "soldier": (
        "солдат военнослужащий военный боец морпех десантник срочник контрактник снайпер сапёр сапер матрос "
        "рядовой сержант ефрейтор прапорщик спецназовец разведчик пехотинец танкист артиллерист медик "
        "водитель военнопленный комбатант старшина мичман мобилизованный армеец авианаводчик корректировщик "
        "силовик пограничник сослуживец связист миномётчик пулемётчик ополченец разведчица ракетчик гвардеец "
        "минёр связной призывник командос служивый старлей фельдшер санинструктор наводчик "
    ),
    "officer": ("офицер лейтенант капитан майор подполковник полковник комбат комбриг комдив "),
    "general": ("генерал адмирал генерал-майор генерал-лейтенант генерал-полковник контр-адмирал маршал "),
    "commander": ("командир командующий лидер главарь эмир вожак предводитель начальник главнокомандующий "),
    "pilot": (
        "лётчик летчик пилот штурман вертолётчик вертолетчик авиатор бортмеханик бортинженер экипаж бортстрелок бортач "
    ),
    "adviser": ("советник специалист инструктор эксперт инженер переводчик консультант доброволец техник наблюдатель "),
    "fighter": (
        "повстанец мятежник партизан ополченец телохранитель охранник член участник соратник сторонник "
        "стрелок милиционер хезболловец патрульный конвоир нападавший диверсант асадовец сторонник "
    ),
    "militant": (
        "боевик террорист джихадист экстремист исламист радикал бандит игиловец бармалей бородач шахид "
        "моджахед такфирист дух душман "
    ),
    "merc": ("наёмник наемник вагнеровец чвкашник частник музыкант "),
    "police": ("полицейский жандарм фсбшник чекист сотрудник силовик охранник "),
    "civ": (
        "житель женщина ребёнок ребенок журналист врач беженец спасатель девочка мальчик подросток студент "
        "прохожий медик школьник правозащитник крестьянин рабочий волонтёр учитель демонстрант пастух "
        "корреспондент оператор пассажир турист мирянин горожанин сельчанин старик младенец девушка паломник "
        "дети фермер "
    ),
    "casualty": ("двухсотый трёхсотый трехсотый "),
    "person": (
        "человек мужчина россиянин парень земляк гражданин пострадавший жертва товарищ погибший раненый сын "
        "муж брат друг тело труп уроженец ребята мужик пленный пленник заложник убитый душа русский наши брат "
        "потеря покойник выживший соотечественник "
    ),
}


def rows() -> list[str]:
    """Return one row per type and number, its forms parted by commas."""
    morph = pymorphy3.MorphAnalyzer()
    found: list[str] = []
    for kind, lemmas in LEMMAS.items():
        forms: dict[str, list[str]] = defaultdict(list)
        for lemma in lemmas.split():
            parse = next(
                (p for p in morph.parse(lemma) if p.tag.POS in {"NOUN", "ADJF", "PRTF"}), morph.parse(lemma)[0]
            )
            for form in parse.lexeme:
                if form.tag.POS in {"NOUN", "ADJF", "PRTF"} and "Supr" not in form.tag:
                    number = "pl" if "plur" in form.tag else "sg"
                    if form.word not in forms[number]:
                        forms[number].append(form.word)
        found.extend(f"role\t{kind}.{number}\t{', '.join(words)}" for number, words in forms.items())
    return found


if __name__ == "__main__":
    path = Path(__file__).with_name("ru") / "roles.tsv"
    path.write_text("# Written by languages/paradigms.py.\n" + "\n".join(rows()) + "\n", encoding="utf-8")
    sys.stdout.write("written\n")
