"""What titles, descriptions and notes are put together from."""

FIRST_NAMES = (
    "Anna", "Jürgen", "Lukas", "Sophie", "Mehmet", "Käthe", "Paul", "Zoë", "Björn", "Ivana", "David", "Marlene",
    "Tomáš", "Emilia", "Günther", "Fatima", "Jakob", "Lea", "Matteo", "Hannah", "Oskar", "Irène", "Stefan", "Milica",
    "Felix", "Johanna", "Sebastian", "Aylin", "Moritz", "Theresa", "Daniel", "Valerie", "Xaver", "Nora", "Elias",
    "Katharina", "Maximilian", "Ruth", "Simon", "Birgit",
)  # fmt: skip
LAST_NAMES = (
    "Huber", "Müller", "Öztürk", "Novak", "Steiner", "Groß", "Wagner", "Bäcker", "Horvat", "Lang", "Fischer", "Maier",
    "Kovács", "Schäfer", "Brandt", "Weiß", "Leitner", "Yilmaz", "Böhm", "Winkler", "Schwarz", "Petrović", "Eder",
    "Kühn", "Aigner", "Hofer", "Lindner", "Moser", "Pichler", "Reiter", "Auer", "Berger", "Dvořák", "Egger", "Fuchs",
    "Gruber", "Haas", "Jäger", "König", "Lechner", "Mayr", "Nagel", "Ortner", "Pöll", "Riedl", "Sailer", "Thaler",
    "Unger", "Vogl", "Wimmer", "Zauner", "Binder", "Hofmann", "Kern", "Ludwig", "Pfeiffer", "Rösch", "Seidl", "Strobl",
    "Wolf",
)  # fmt: skip

PROJECTS = (
    ("guest-portal", "Guest portal", "Alpenblick Hotels"),
    ("lohnabrechnung", "Lohnabrechnung", "Bäckerei Grünwald"),
    ("route-planner", "Route planner", "Nordlicht Logistik"),
    ("zeiterfassung", "Zeiterfassung", "Stadtwerke Öhringen"),
    ("webshop", "Web shop", "Sonnenhof & Söhne"),
    ("clinic-calendar", "Clinic calendar", "Praxis Dr. Weiß"),
    ("buecherei", "Bücherei", "Gemeinde Mühlbach"),
    ("sensor-hub", "Sensor hub", "Wetterwarte Süd"),
)
"""Code, name, customer."""

FIXED = (
    "export of empty months", "rounding of invoice totals", "time zone of reminders", "sorting of customer names",
    "pagination of search results", "login after a password reset", "duplicates after an import",
    "broken links in e-mails", "umlauts in PDF reports", "memory leak in the worker",
    "cancelled bookings in statistics",
    "flicker of the calendar", "double submit of forms", "wrong currency on receipts", "timeout of large uploads",
    "encoding of CSV files", "lost filters after going back", "permissions of deputies", "off-by-one in week numbers",
    "crash on an empty address",
)  # fmt: skip
WHERE = (
    "", "", "", " on tablets", " in the archive", " on Safari", " after the update", " in the staging system",
    " for large customers", " when offline",
)  # fmt: skip
ADDED = (
    "a filter by project", "CSV export", "keyboard shortcuts", "a dark theme", "bulk editing", "two-factor login",
    "an audit log", "drag and drop", "an undo button", "webhooks", "a printable view", "comments", "saved searches",
    "a progress bar", "an iCal feed", "placeholders", "a health check", "rate limits",
)  # fmt: skip
PLACES = (
    "to the dashboard", "to the calendar", "to the invoice list", "to the admin pages", "to the mobile app",
    "to the customer's page", "for team leads", "for external users", "to the time sheet", "to the API",
)  # fmt: skip
HASTENED = (
    "the monthly report", "the search", "the nightly import", "the start page", "the time sheet", "the PDF export",
    "the test suite", "the deployment", "the synchronisation", "the price calculation",
)  # fmt: skip
MEANS = (
    "with an index", "by caching", "with fewer queries", "for large customers", "on mobile networks",
    "by half", "in the background",
)  # fmt: skip
CHANGED = (
    "Übersicht der Rechnungen", "Prüfung der Öffnungszeiten", "Schnittstelle zur Lohnverrechnung",
    "Suche nach Kündigungen", "Löschfristen für Anhänge", "Größe der Vorschaubilder", "Menü der Geschäftsführung",
    "Export leerer Monate", "Übersetzung der Mahnungen", "Rückgabe beschädigter Ware", "Änderungsprotokoll",
    "Bestätigung per E-Mail", "Zusammenführung doppelter Kund:innen", "Verfügbarkeit der Räume", "Kürzel der Standorte",
)  # fmt: skip
CHANGES = (
    "korrigieren", "überarbeiten", "beschleunigen", "vereinfachen", "mit Tests abdecken", "dokumentieren",
    "für Mobilgeräte anpassen", "vorübergehend abschalten", "barrierefrei machen", "in zwei Schritte aufteilen",
)  # fmt: skip
EMOJI = ("🐛", "🚀", "✨", "🔒", "📱", "♻️", "👩‍💻")

SENTENCES = (
    "A customer reported this on the phone.", "It happens since the last release.", "See the screenshot in the chat.",
    "Only users with many projects are affected.", "The old behaviour has to stay available for a month.",
    "Wir können es auf dem Testsystem nachstellen.", "Bitte vorher mit der Buchhaltung abklären.",
    "The design is in the shared folder; ask if anything is unclear.", "Acceptance: the example file runs through.",
    "Müsste bis zum Quartalsende fertig sein.", "Nice to have 🙂",
    "Blocked by the hosting provider until further notice.",
)  # fmt: skip

NOTES = (
    "review", "tests", "first draft", "call with the customer", "Rückfragen geklärt", "Fehler nachgestellt", "deployed",
    "pair programming", "documentation", "merge conflicts", "Feedback eingearbeitet", "analysis", "fix after review",
    "Prototyp vorgeführt", "clean-up", "works now 🎉",
)  # fmt: skip
MEETINGS = (
    "Daily", "Sprint planning", "Jour fixe mit der Kundin", "Retrospective", "Weekly", "Abstimmung Schnittstellen",
    "Estimation of the backlog", "Kick-off", "Übergabe an den Betrieb", "1:1",
)  # fmt: skip
MANAGEMENT = ("Angebot geschrieben", "Roadmap", "Monthly report for the customer", "Budget geprüft", "Staffing")
SMALL_THINGS = (
    "E-mails", "Server updates", "Onboarding", "Rückruf Support", "Browser-Test auf älteren Geräten", "Password resets",
    "Drucker eingerichtet", "Reading the logs", "Kleinigkeiten", "Backup restored", "Licence renewal",
)  # fmt: skip
