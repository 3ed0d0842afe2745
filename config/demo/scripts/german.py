"""A clinic's calls, in German."""

from config.demo.scripts import Language, Script

_SCRIPTS = (
    Script(
        (
            "Wie kann ich Ihnen helfen?",
            "Ich habe {day} um {time} einen Termin bei {doctor} und muss ihn leider verschieben. {last} ist mein Name.",
            "Ich sehe den Termin. Möchten Sie lieber vormittags oder nachmittags kommen?",
            "Nachmittags, ab drei.",
            "{other_day} um {late} ist frei. Soll ich das für Sie eintragen?",
            "Ja, gern.",
            "Dann sehen wir Sie {other_day} um {late}. Bitte bringen Sie Ihre Versichertenkarte mit.",
            "Mache ich. Danke und auf Wiederhören.",
        ),
        "Termin bei {doctor} auf {other_day}, {late}, verschoben.",
        analysis={"intent": "reschedule", "resolved": True},
    ),
    Script(
        (
            "Was kann ich für Sie tun?",
            "Ich brauche ein Folgerezept für mein Schilddrüsenmedikament.",
            "Waren Sie in diesem Quartal schon bei uns?",
            "Ja, Anfang des Monats.",
            "Dann liegt das Rezept {day} ab {time} für Sie bereit. Reicht Ihnen eine Packung mit {count} Tabletten?",
            "Ja, genau.",
            "Gut, ich gebe es weiter. Gute Besserung.",
        ),
        "Folgerezept bestellt, Abholung {day} ab {time}.",
        analysis={"intent": "prescription", "resolved": True},
    ),
    Script(
        (
            "Wie kann ich helfen?",
            "Sind meine Laborwerte schon da? Ich war {day} zur Blutabnahme.",
            "Befunde darf ich am Telefon nicht nennen. Ich kann eine Ärztin bitten, Sie zurückzurufen.",
            "Das wäre gut. Am besten abends.",
            "Ich habe es notiert: Rückruf zwischen siebzehn und neunzehn Uhr.",
            "Vielen Dank.",
        ),
        "Bittet um Rückruf wegen Laborwerten, zwischen 17 und 19 Uhr.",
        analysis={"intent": "results", "resolved": False, "follow_up": True},
    ),
    Script(
        (
            "Guten Tag, was ist passiert?",
            "Mein Mann hat seit heute Morgen starke Schmerzen im Bein, und es wird dick.",
            "Das sollte sofort angesehen werden. Ich verbinde Sie mit der Notaufnahme.",
            "Ja, bitte schnell.",
            "Bleiben Sie dran. Wenn die Atemnot dazukommt, wählen Sie bitte eins eins zwei.",
        ),
        "Starke Beinschmerzen mit Schwellung; sofort an die Notaufnahme verbunden.",
        outcome="transferred",
        analysis={"intent": "emergency", "resolved": True, "urgent": True},
        urgent=True,
    ),
    Script(
        (
            "Wie kann ich Ihnen helfen?",
            "Ich soll {other_day} zur Darmspiegelung kommen. Ab wann darf ich nichts mehr essen?",
            "Ab dem Mittag des Vortages nur noch klare Flüssigkeit. Haben Sie das Merkblatt bekommen?",
            "Das finde ich nicht mehr.",
            "Ich sende es Ihnen noch heute per Post. Es steht auch auf unserer Seite unter Vorbereitung.",
            "Danke, das hilft mir sehr.",
        ),
        "Fragen zur Vorbereitung einer Untersuchung; Merkblatt wird gesendet.",
        analysis={"intent": "information", "resolved": True},
    ),
    Script(
        (
            "Was kann ich für Sie tun?",
            "Wann ist bei Ihnen Besuchszeit? Meine Mutter liegt auf Station {ward}.",
            "Täglich von vierzehn bis neunzehn Uhr, höchstens zwei Personen.",
            "Und darf der Enkel mitkommen? Er ist sechs.",
            "Ja, in Begleitung.",
            "Schön. Danke.",
        ),
        "Besuchszeiten auf Station {ward}.",
        analysis={"intent": "information", "resolved": True},
    ),
    Script(
        (
            "Wie kann ich helfen?",
            "Ich möchte mich über die Wartezeit {day} beschweren. Ich saß zwei Stunden dort.",
            "Das tut mir leid. Möchten Sie, dass sich die Leitung der Ambulanz bei Ihnen meldet?",
            "Ja, und zwar schriftlich.",
            "Ich habe die Beschwerde aufgenommen. Sie bekommen innerhalb von {count} Tagen eine Antwort.",
            "Gut. Auf Wiederhören.",
        ),
        "Beschwerde über Wartezeit am {day}; schriftliche Antwort erbeten.",
        analysis={"intent": "complaint", "resolved": False, "follow_up": True},
    ),
    Script(
        (
            "Guten Tag, hier ist der Sprachassistent der Klinik Sankt Aurelia. Spreche ich mit {full}?",
            "Ja, am Apparat.",
            "Sie wurden {day} bei uns entlassen. Wie geht es Ihnen heute auf einer Skala von eins bis zehn?",
            "Vielleicht eine Sieben. Die Narbe zieht noch etwas.",
            "Haben Sie Fieber, oder ist die Stelle gerötet?",
            "Nein, nichts davon.",
            "Gut. Eine Pflegekraft sieht sich Ihre Antworten an. Ihr Nachsorgetermin ist {other_day} um {time}.",
            "Danke für den Anruf.",
        ),
        "Nachsorge: 7 von 10, kein Fieber, keine Rötung. Termin {other_day}, {time}.",
        direction="outbound",
        analysis={"intent": "aftercare", "resolved": True, "score": 7},
    ),
    Script(
        (
            "Guten Tag, hier ist der Sprachassistent der Klinik Sankt Aurelia. Es geht um Ihren Termin {other_day}.",
            "Ja?",
            "Können Sie um {time} kommen?",
            "Ja, das passt.",
            "Vielen Dank. Bitte seien Sie zehn Minuten früher da.",
        ),
        "Termin {other_day} um {time} bestätigt.",
        direction="outbound",
        analysis={"intent": "confirmation", "resolved": True},
    ),
    Script(
        (
            "Guten Tag, hier ist der Sprachassistent der Klinik Sankt Aurelia. Dürfen wir Sie etwas fragen?",
            "Ich habe jetzt keine Zeit.",
            "Kein Problem. Sollen wir ein anderes Mal anrufen?",
            "Nein, bitte gar nicht mehr.",
            "Das habe ich eingetragen. Wir rufen Sie dazu nicht mehr an. Auf Wiederhören.",
        ),
        "Keine Befragung gewünscht; keine weiteren Anrufe zu diesem Thema.",
        direction="outbound",
        analysis={"intent": "survey", "resolved": True, "opt_out": True},
    ),
)

GERMAN = Language(
    code="de",
    scripts=_SCRIPTS,
    slots={
        "day": ("am Montag", "am Dienstag", "am Mittwoch", "am Donnerstag"),
        "other_day": ("am Freitag", "kommenden Montag", "nächsten Dienstag", "am Donnerstag in einer Woche"),
        "time": ("neun Uhr", "neun Uhr dreißig", "zehn Uhr fünfzehn", "elf Uhr"),
        "late": ("fünfzehn Uhr", "fünfzehn Uhr zwanzig", "sechzehn Uhr", "sechzehn Uhr vierzig"),
        "doctor": ("Doktor Weidner", "Doktor Okafor", "Doktor Lindqvist"),
        "ward": ("zwei", "drei", "vier B", "fünf"),
        "count": ("zehn", "vierzehn", "dreißig", "fünfzig"),
        "yes": ("Ja, in Ordnung.", "Ja.", "Ja, das ist in Ordnung.", "Einverstanden."),
    },
    first_names=("Jonas", "Mia", "Paul", "Emilia", "Ben", "Lina", "Elif", "Karl", "Greta", "Milan", "Johanna", "Tarek"),
    last_names=("Brandt", "Yilmaz", "Sommer", "Kowalski", "Peters", "Hartung", "Engel", "Reuter", "Lorenz", "Falk"),
    greeting=(
        "Klinik Sankt Aurelia, guten Tag. Hier ist {agent}, ein Sprachassistent. Der Anruf wird aufgezeichnet, um Ihr "
        "Anliegen zu bearbeiten. Ist das in Ordnung?"
    ),
    declines=(
        "Nein, bitte nicht aufzeichnen.",
        "In Ordnung, der Anruf wird nicht aufgezeichnet. Wie kann ich Ihnen helfen?",
    ),
)
