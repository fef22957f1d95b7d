//! Vocabulary: the names that shops give to the fields of an order, in the languages of their
//! exports.
//!
//! A name is a guess only: `roles` compares it with the values. Called by `roles`.

/// The names of a field.
pub(super) struct FieldNames {
    /// The field, as a profile names it.
    pub(super) field: &'static str,
    /// Names that mean the field wherever they are in the name of a column, the usual ones first.
    names: &'static str,
    /// Names that mean it only if they are the whole name of a column.
    whole_names: &'static str,
}

/// The names of all fields.
#[rustfmt::skip]
pub(super) static FIELDS: [FieldNames; 24] = [
    FieldNames {
        field: "order.referenceId",
        names: "order number, order no, order nr, order id, order ref, order reference, order name, \
            order code, order key, increment id, invoice number, invoice no, invoice id, \
            sales order, receipt number, document number, bestellnummer, bestell nr, bestellnr, \
            bestell id, auftragsnummer, auftrags nr, auftragsnr, auftrag nr, belegnummer, beleg nr, \
            rechnungsnummer, rechnungs nr, vorgangsnummer, numero de commande, numero commande, \
            n de commande, no de commande, no commande, id commande, ref commande, \
            reference commande, numero de pedido, numero pedido, n pedido, id pedido, \
            numero ordine, n ordine, id ordine, ordernummer, bestelnummer, ordrenummer, \
            numer zamowienia",
        whole_names: "order, reference, number, name, id, nr, no, invoice, auftrag, bestellung, \
            beleg, commande, pedido, ordine, bestelling, transaction id",
    },
    FieldNames {
        field: "order.orderedAt",
        names: "order date, ordered at, ordered on, order time, order timestamp, date ordered, \
            purchase date, purchased at, purchased on, date submitted, submitted at, placed at, \
            placed on, date placed, created at, created on, date created, creation date, sale date, \
            sold at, transaction date, invoice date, processed at, bestelldatum, bestellt am, \
            auftragsdatum, kaufdatum, belegdatum, rechnungsdatum, date de commande, date commande, \
            date de la commande, fecha de pedido, fecha pedido, fecha del pedido, data ordine, \
            data dell ordine, besteldatum, orderdatum, bestelldato, data zamowienia",
        whole_names: "date, datum, created, timestamp, date time, datetime, fecha, data, dato, when",
    },
    FieldNames {
        field: "order.status",
        names: "order status, order state, financial status, payment status, bestellstatus, \
            auftragsstatus, zahlungsstatus, statut de la commande, statut commande, etat commande, \
            estado del pedido, estado pedido, stato ordine, orderstatus",
        whole_names: "status, state, statut, etat, estado, stato, zustand",
    },
    FieldNames {
        field: "order.currencyCode",
        names: "currency, currency code, order currency, waehrung, währung, devise, moneda, valuta, \
            valute, waluta",
        whole_names: "cur, whg, iso currency",
    },
    FieldNames {
        field: "order.price",
        names: "grand total, order total, total price, total amount, total paid, total gross, \
            gross total, order amount, order value, amount paid, total inc tax, total incl tax, \
            invoice total, gesamtbetrag, gesamtsumme, gesamtpreis, endbetrag, rechnungsbetrag, \
            bruttobetrag, bruttosumme, summe brutto, gesamt brutto, auftragswert, montant total, \
            total ttc, montant ttc, importe total, total pedido, totale ordine, totaalbedrag, \
            orderbedrag, kwota",
        whole_names: "total, amount, gesamt, summe, betrag, brutto, montant, importe, totale, \
            totaal, wert, total value, order price, grand, gross",
    },
    FieldNames {
        field: "order.paymentType",
        names: "payment method, payment type, payment, tender type, zahlungsart, zahlart, \
            zahlungsweise, zahlungsmethode, mode de paiement, moyen de paiement, forma de pago, \
            metodo de pago, metodo di pagamento, betaalmethode, betaalwijze",
        whole_names: "tender, gateway, zahlung, paiement, pago, pagamento",
    },
    FieldNames {
        field: "item.name",
        names: "product name, item name, product title, item title, article name, line item name, \
            lineitem name, product description, item description, artikelname, \
            artikelbezeichnung, artikeltext, produktname, produktbezeichnung, positionstext, \
            nom du produit, nom produit, nom article, designation, nombre del producto, \
            nombre producto, nome prodotto, descrizione articolo, productnaam, artikelomschrijving",
        whole_names: "title, name, description, text, product, item, article, artikel, bezeichnung, \
            produkt, produit, libelle, producto, prodotto, beschreibung",
    },
    FieldNames {
        field: "item.productId",
        names: "sku, product id, product code, product number, item sku, item id, item number, \
            item no, item code, article number, article no, article id, stock code, asin, ean, gtin, \
            part number, artikelnummer, artikel nr, artikelnr, art nr, artikel id, produktnummer, \
            reference produit, ref produit, code article, referencia, codice articolo, \
            codigo producto, artikelcode, material",
        whole_names: "ref, code, product, article, artikel, part",
    },
    FieldNames {
        field: "item.quantity",
        names: "quantity, qty, qty ordered, menge, anzahl, stueck, stück, stueckzahl, stückzahl, \
            quantite, qte, cantidad, quantita, aantal, antal, ilosc",
        whole_names: "units, pieces, pcs, count, amount",
    },
    FieldNames {
        field: "item.price",
        names: "unit price, item price, price per unit, price each, product price, line item price, \
            lineitem price, unit cost, selling price, einzelpreis, stueckpreis, stückpreis, \
            e preis, vk preis, preis pro stueck, preis pro stück, prix unitaire, pu ttc, \
            precio unitario, prezzo unitario, stuksprijs, eenheidsprijs",
        whole_names: "price, preis, prix, precio, prezzo, prijs, pris, cena, unit, each",
    },
    FieldNames {
        field: "item.line_price",
        names: "line total, row total, item total, line amount, line price, extended price, \
            position total, positionssumme, positionsbetrag, zeilensumme, zeilenbetrag, \
            zeilenpreis, total ligne, montant ligne, importe linea, totale riga, regeltotaal",
        whole_names: "extended, subtotal",
    },
    FieldNames {
        field: "guest.email",
        names: "email, e mail, email address, mail address, courriel, correo, emailadresse",
        whole_names: "mail, contact",
    },
    FieldNames {
        field: "guest.firstname",
        names: "first name, firstname, given name, forename, vorname, prenom, nombre cliente, \
            voornaam, fornavn, imie",
        whole_names: "nombre, nome, first",
    },
    FieldNames {
        field: "guest.lastname",
        names: "last name, lastname, surname, family name, nachname, familienname, nom de famille, \
            apellido, apellidos, cognome, achternaam, efternavn, nazwisko",
        whole_names: "nom, last",
    },
    FieldNames {
        field: "guest.name",
        names: "full name, customer name, buyer name, billing name, client name, kundenname, \
            nom client, nom du client, nombre del cliente, nome cliente, klantnaam, \
            recipient name, ship name, shipping name, contact name",
        whole_names: "customer, kunde, client, cliente, buyer, klant, recipient",
    },
    FieldNames {
        field: "guest.phone",
        names: "phone, phone number, telephone, telefon, telefonnummer, tel, telefono, telefoon",
        whole_names: "",
    },
    FieldNames {
        field: "guest.mobile",
        names: "mobile, mobile number, mobil, mobilnummer, handy, handynummer, cell phone, \
            portable, movil, cellulare, mobiel",
        whole_names: "cell",
    },
    FieldNames {
        field: "guest.street",
        names: "street, street 1, address 1, address1, address line 1, strasse, straße, anschrift, \
            rue, calle, direccion, indirizzo, straat",
        whole_names: "address, adresse, adres, via",
    },
    FieldNames {
        field: "guest.city",
        names: "city, town, stadt, wohnort, ville, ciudad, citta, plaats, woonplaats",
        whole_names: "ort, by",
    },
    FieldNames {
        field: "guest.state",
        names: "billing state, ship state, shipping state, province, bundesland, provincia",
        whole_names: "region, county",
    },
    FieldNames {
        field: "guest.country",
        names: "country, country code, land, pays, pais, paese, nazione, landcode",
        whole_names: "",
    },
    FieldNames {
        field: "guest.postal_code",
        names: "zip, zip code, postal code, postcode, post code, plz, postleitzahl, code postal, \
            codigo postal, postnummer",
        whole_names: "cap, cp",
    },
    FieldNames {
        field: "guest.id.customer",
        names: "customer id, customer number, customer no, customer nr, customer code, client id, \
            client number, buyer id, buyer user id, user id, member id, kundennummer, kunden nr, \
            kundennr, kd nr, kunden id, debitor, debitorennummer, numero client, id client, \
            code client, id cliente, codigo cliente, codice cliente, klantnummer",
        whole_names: "customer, kunde, client, buyer, member, user",
    },
    FieldNames {
        field: "time of day",
        names: "order time, time of day, uhrzeit, bestellzeit, heure, hora, ora, tijd",
        whole_names: "time, zeit",
    },
];

/// Words before a name that say whose it is; without them it is the name.
const OWNERS: [&str; 12] = [
    "order", "item", "lineitem", "line", "product", "customer", "billing", "invoice", "guest",
    "buyer", "user", "position",
];

/// Words that say that an amount is in minor units.
const MINOR_UNITS: [&str; 7] =
    ["cents", "cent", "minor", "pence", "pennies", "centimes", "centimos"];

/// Codes of currencies that names of columns have, as in `Total (EUR)`.
const CURRENCIES: [&str; 14] = [
    "eur", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "nzd", "jpy",
    "inr",
];

/// A name of a column, as words.
pub(super) struct WordsOfName {
    words: String,
    /// Whether it says that amounts are in minor units.
    pub(super) is_minor: bool,
    /// The currency that it says.
    pub(super) currency: Option<String>,
}

impl WordsOfName {
    /// The words of a name such as `orderTotal_cents` or `billing.first-name`.
    pub(super) fn new(name: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut is_after_lower = false;
        let mut is_open = false;
        for character in name.chars() {
            if !character.is_alphanumeric() {
                is_open = false;
                is_after_lower = false;
                continue;
            }
            if !is_open || is_after_lower && character.is_uppercase() {
                words.push(String::new());
            }
            is_open = true;
            is_after_lower = character.is_lowercase();
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase().map(without_accent));
            }
        }
        let is_unit = |word: &String| MINOR_UNITS.contains(&word.as_str());
        let is_minor = words.len() > 1 && words.iter().any(is_unit);
        let is_currency = |word: &String| CURRENCIES.contains(&word.as_str());
        let currency = words.iter().find(|word| is_currency(word)).map(|code| code.to_uppercase());
        let currency = currency.filter(|_| words.len() > 1);
        if is_minor || currency.is_some() {
            words.retain(|word| !is_unit(word) && !is_currency(word) && word != "in");
        }
        Self { words: words.join(" "), is_minor, currency }
    }

    /// How well the name is one of a field's, at most 100; 0 if it is none.
    pub(super) fn score(&self, names: &FieldNames) -> usize {
        let words = self.words.as_str();
        let penalty = if is_of_shipping(words) { 6 } else { 0 };
        let own = words.split_once(' ').filter(|(owner, _)| OWNERS.contains(owner));
        let own = own.map_or(words, |(_, rest)| rest);
        for (index, name) in names.list().enumerate() {
            let rank = index.min(20) / 2;
            let score = if words == name {
                100 - rank
            } else if own == name {
                95 - rank
            } else if ends_with_words(words, name) {
                80 - rank
            } else if has_words(words, name) {
                60 - rank
            } else {
                continue;
            };
            return score - penalty;
        }
        for (index, name) in names.whole_list().enumerate() {
            let rank = index.min(20);
            if words == name {
                return 75 - rank;
            }
            if own == name {
                return 65 - rank - penalty;
            }
        }
        0
    }
}

impl FieldNames {
    fn list(&self) -> impl Iterator<Item = &'static str> {
        self.names.split(", ")
    }

    fn whole_list(&self) -> impl Iterator<Item = &'static str> {
        self.whole_names.split(", ").filter(|name| !name.is_empty())
    }
}

/// Whether two names have the same words.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    WordsOfName::new(one).words == WordsOfName::new(other).words
}

fn is_of_shipping(words: &str) -> bool {
    ["ship", "shipping", "delivery", "liefer", "lieferung", "recipient", "livraison", "envio"]
        .iter()
        .any(|word| has_words(words, word))
}

fn ends_with_words(words: &str, name: &str) -> bool {
    words.strip_suffix(name).is_some_and(|before| before.ends_with(' '))
}

fn has_words(words: &str, name: &str) -> bool {
    words == name
        || ends_with_words(words, name)
        || words.strip_prefix(name).is_some_and(|after| after.starts_with(' '))
        || words.contains(&format!(" {name} "))
}

fn without_accent(character: char) -> char {
    match character {
        'à' | 'á' | 'â' | 'ã' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => 'o',
        'ù' | 'ú' | 'û' => 'u',
        'ç' | 'ć' => 'c',
        'ñ' => 'n',
        'ł' => 'l',
        'ś' => 's',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(name: &str) -> &'static str {
        let words = WordsOfName::new(name);
        let scored = FIELDS.iter().map(|names| (words.score(names), names.field));
        let best = scored.max_by_key(|(score, _)| *score).unwrap();
        if best.0 == 0 { "" } else { best.1 }
    }

    #[test]
    fn names_of_columns_mean_fields() {
        for (name, field) in [
            ("orderId", "order.referenceId"),
            ("Bestell-Nr.", "order.referenceId"),
            ("Numéro de commande", "order.referenceId"),
            ("date_created", "order.orderedAt"),
            ("Bestelldatum", "order.orderedAt"),
            ("Financial Status", "order.status"),
            ("Währung", "order.currencyCode"),
            ("Gesamtbetrag (EUR)", "order.price"),
            ("total_cents", "order.price"),
            ("Zahlungsart", "order.paymentType"),
            ("Lineitem name", "item.name"),
            ("Artikel-Nr", "item.productId"),
            ("Menge", "item.quantity"),
            ("Einzelpreis", "item.price"),
            ("customer.email", "guest.email"),
            ("billing_address.first_name", "guest.firstname"),
            ("PLZ", "guest.postal_code"),
            ("Kundennummer", "guest.id.customer"),
            ("Warehouse", ""),
        ] {
            assert_eq!(best(name), field, "{name}");
        }
        assert!(WordsOfName::new("total_cents").is_minor);
        assert!(!WordsOfName::new("percent").is_minor);
        assert_eq!(WordsOfName::new("Total in EUR").currency.as_deref(), Some("EUR"));
    }
}
