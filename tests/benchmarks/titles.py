"""Different titles of tasks, as many as wanted: what is wrong or wanted, with what, and where; English and German."""

import random
from collections.abc import Iterator
from itertools import product


def _list(text: str) -> list[str]:
    return text.split(", ")


THINGS = {
    "English": _list(
        "login page, password reset, invoice export, shopping cart, delivery note, product search, booking "
        "calendar, customer portal, payment reminder, stock list, price import, user permissions, audit log, "
        "email template, mobile app, push notification, data backup, mail server, firewall rule, VPN access, "
        "printer queue, laptop order, phone system, meeting room display, software licences, domain "
        "certificate, database migration, travel expenses, annual accounts, VAT return, bank reconciliation, "
        "payroll run, dunning letter, credit note, budget plan, tax audit, newsletter, landing page, trade "
        "fair stand, press release, product photos, customer survey, video campaign, brochure, search "
        "ranking, heating system, lift maintenance, fire drill, roof gutter, parking garage, window cleaning, "
        "emergency lighting, office move, access cards, ventilation, conveyor belt, packaging machine, "
        "forklift, quality inspection, spare parts, production plan, night shift, warehouse rack, supplier "
        "complaint, welding robot, pressure test, job advert, onboarding, time recording, training course, "
        "works council agreement, parental leave, safety briefing, recycling bins, contract renewal, tender "
        "documents"
    ),
    "German": _list(
        "Anmeldeseite, Kennwort, Rechnungsexport, Warenkorb, Lieferschein, Produktsuche, Buchungskalender, "
        "Kundenportal, Zahlungserinnerung, Lagerliste, Preisimport, Benutzerrechte, Prüfprotokoll, "
        "Mailvorlage, Handy-App, Benachrichtigungen, Datensicherung, Mailserver, Firewall-Regel, VPN-Zugang, "
        "Druckerwarteschlange, Laptop-Bestellung, Telefonanlage, Besprechungsraum, Softwarelizenzen, "
        "Zertifikat, Datenbankumzug, Reisekosten, Jahresabschluss, Umsatzsteuervoranmeldung, "
        "Kontenabstimmung, Lohnabrechnung, Mahnschreiben, Gutschrift, Budgetplanung, Betriebsprüfung, "
        "Rundschreiben, Zielseite, Messestand, Pressemitteilung, Produktfotos, Kundenumfrage, Videokampagne, "
        "Broschüre, Suchmaschinenplatzierung, Heizung, Aufzugswartung, Brandschutzübung, Dachrinne, "
        "Tiefgarage, Fensterreinigung, Notbeleuchtung, Büroumzug, Zutrittskarten, Lüftung, Förderband, "
        "Verpackungsmaschine, Gabelstapler, Qualitätskontrolle, Ersatzteile, Produktionsplan, Nachtschicht, "
        "Lagerregal, Reklamation beim Lieferanten, Schweißroboter, Druckprüfung, Stellenanzeige, "
        "Einarbeitung, Zeiterfassung, Schulung, Betriebsvereinbarung, Elternzeit, Sicherheitsunterweisung, "
        "Mülltrennung, Vertragsverlängerung, Ausschreibungsunterlagen"
    ),
}
MATTERS = {
    "English": _list(
        "{} does not work, {} is too slow, {} shows wrong figures, Replace {}, Document {}, Check {}, Prepare "
        "{}, Cancel {}, Error when opening {}, New colours for {}, {} is missing, Duplicate entries in {}, "
        "Translate {}, Approve {}, Plan {} for next year, Reduce the cost of {}, Ask for offers: {}, {} stops "
        "without a message, Review of {} by the auditors, Make {} accessible, Automate {}, Archive {}, Repair "
        "{}, Reminder for {}, Test {} before the release, Complaints about {}, Handover of {}, Training on "
        "{}, Update {} to the new version, Who is responsible for {}?"
    ),
    "German": _list(
        "{} funktioniert nicht, {}: viel zu langsam, {} zeigt falsche Zahlen, {} ersetzen, {} dokumentieren, "
        "{} prüfen, {} vorbereiten, {} stornieren, Fehler beim Öffnen: {}, Neue Farben für {}, {} fehlt, "
        "Doppelte Einträge: {}, {} übersetzen, {} freigeben, {} für nächstes Jahr planen, Kosten senken: {}, "
        "Angebote einholen: {}, {} bricht ohne Meldung ab, {}: Durchsicht durch die Prüfer, {} barrierefrei "
        "machen, {} automatisieren, {} archivieren, {} reparieren, Erinnerung an {}, {} vor der Freigabe "
        "testen, Beschwerden über {}, Übergabe: {}, Einschulung: {}, {} auf die neue Version heben, Wer ist "
        "zuständig für {}?"
    ),
}
PLACES = {
    "English": _list(
        "in the Vienna office, for new customers, on Monday mornings, after the update, on Android phones, "
        "for the sales team, in building C, for trainees, at the end of the month, in Safari, for the Swiss "
        "subsidiary, on the second floor, with large files, during the night, for external partners, for "
        "wholesale, in the canteen, without an internet connection, at the warehouse, for managers, with "
        "foreign currencies, before the summer break, for visitors, on the test system, in the laboratory, "
        "for pensioners, for the anniversary, in the archive, after the merger, for suppliers in Asia, in "
        "French, on tablets, for the board, in winter, for the hotline, with special characters, behind the "
        "main gate, for the open day, for large screens, at the Linz plant"
    ),
    "German": _list(
        "im Büro Wien, für Neukunden, am Montagmorgen, nach der Aktualisierung, auf Android, für den "
        "Vertrieb, im Haus C, für Lehrlinge, am Monatsende, in Safari, für die Schweizer Tochter, im zweiten "
        "Stock, bei großen Dateien, in der Nacht, für externe Partner, für den Großhandel, in der Kantine, "
        "ohne Internetverbindung, im Lager, für Führungskräfte, mit Fremdwährungen, vor der Sommerpause, für "
        "Besucher, am Testsystem, im Labor, für Pensionisten, zum Jubiläum, im Archiv, nach der Fusion, für "
        "Lieferanten in Asien, auf Französisch, auf Tablets, für den Vorstand, im Winter, für die Hotline, "
        "mit Sonderzeichen, hinter dem Haupttor, zum Tag der offenen Tür, für große Bildschirme, im Werk Linz"
    ),
}


def titles(number: int) -> list[str]:
    """This many different titles, always the same; at most 182,400."""
    every = [title for language in THINGS for title in _of(language)]
    return random.Random(1).sample(every, number)  # noqa: S311 - nothing secret


def _of(language: str) -> Iterator[str]:
    parts = product(MATTERS[language], THINGS[language], PLACES[language])
    return (f"{matter.format(thing)} {place}" for matter, thing, place in parts)
