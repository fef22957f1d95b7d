//! Target fields: the attributes that a profile can fill, with the names of the canonical profile.
//!
//! Fields, their groups and the types of extension attributes. No values: those are in `draft`.
//! Used by `map` to bind rules, by `validate` to find cells, and in problems to name a field.

use std::{collections::HashMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::money::Amount;

/// The type of an extension attribute, which the tenant never changes once it has stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtensionType {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A decimal number.
    Float,
}

impl ExtensionType {
    /// The types with their names in profiles and column names.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("string", Self::String),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("float", Self::Float),
    ];

    /// The type with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, data_type)| *data_type)
    }

    /// Whether a text is a value of the type.
    #[must_use]
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::String => true,
            Self::Boolean => ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)),
            Self::Integer => text.parse::<i64>().is_ok(),
            Self::Float => text.parse::<Amount>().is_ok(),
        }
    }

    /// The name of the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, data_type)| *data_type == self).map_or("", |(name, _)| name)
    }
}

/// The object that an extension attribute belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExtensionScope {
    /// The order.
    Order,
    /// An item.
    Item,
}

impl ExtensionScope {
    /// The name in the ledger and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Item => "item",
        }
    }
}

/// An extension attribute and the type with which the tenant has stored it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeType {
    /// The object that it belongs to.
    pub scope: ExtensionScope,
    /// The attribute's name.
    pub name: String,
    /// The type at the tenant.
    pub data_type: ExtensionType,
}

/// The types of extension attributes that the tenant has stored, by scope and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeTypes {
    order: HashMap<String, ExtensionType>,
    item: HashMap<String, ExtensionType>,
}

impl AttributeTypes {
    /// Adds an attribute, unless its scope already has one of this name: the first type is kept.
    pub fn add(&mut self, attribute: AttributeType) {
        let types = match attribute.scope {
            ExtensionScope::Order => &mut self.order,
            ExtensionScope::Item => &mut self.item,
        };
        types.entry(attribute.name).or_insert(attribute.data_type);
    }

    /// The type of an attribute, if the tenant has stored it.
    #[must_use]
    pub fn get(&self, scope: ExtensionScope, name: &str) -> Option<ExtensionType> {
        let types = match scope {
            ExtensionScope::Order => &self.order,
            ExtensionScope::Item => &self.item,
        };
        types.get(name).copied()
    }
}

/// The name and declared type of an extension attribute, or of a further attribute of `product`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtensionKey {
    /// The attribute's name at the tenant.
    pub name: String,
    /// The type, declared once and never guessed per row.
    pub data_type: ExtensionType,
}

/// What the identifiers of a provider are, which decides the rules for their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentifierKind {
    /// Text of any form.
    Text,
    /// E-mail addresses.
    Email,
}

/// The provider of an identifier, as in the tenant's identity rules, and the kind of its
/// identifiers.
// One word keeps `Field` small, of which a run passes millions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Provider(Arc<(Box<str>, IdentifierKind)>);

impl Provider {
    /// The provider of a name. Without a kind, those of `email`, in any case, are addresses.
    #[must_use]
    pub fn new(name: &str, kind: Option<IdentifierKind>) -> Self {
        let default_kind = if name.eq_ignore_ascii_case("email") {
            IdentifierKind::Email
        } else {
            IdentifierKind::Text
        };
        Self(Arc::new((name.into(), kind.unwrap_or(default_kind))))
    }

    /// The kind of its identifiers.
    #[must_use]
    pub fn kind(&self) -> IdentifierKind {
        self.0.1
    }
}

impl From<&str> for Provider {
    fn from(name: &str) -> Self {
        Self::new(name, None)
    }
}

impl std::ops::Deref for Provider {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.0
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// A target field: an attribute of the order, of one of its items, of its guest, or of
        /// both events.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[$doc])* $variant,)*
            /// `ext.NAME`
            Extension(Arc<ExtensionKey>),
            /// `item.ext.NAME`
            ItemExtension(Arc<ExtensionKey>),
            /// `item.product.NAME`
            ItemProduct(Arc<ExtensionKey>),
            /// `guest.id.PROVIDER`
            Identifier(Provider),
            /// `expiry_date` of an identifier.
            IdentifierExpiry(Provider),
        }

        // The named fields alone: their discriminants are the values of `Field::index`.
        enum FieldIndex { $($variant,)* }

        /// The number of fields with a fixed name.
        pub const NAMED_COUNT: usize = [$(FieldIndex::$variant,)*].len();

        impl Field {
            /// All fields with a fixed name.
            pub const NAMED: &'static [Self] = &[$(Self::$variant,)*];

            /// The groups of the fields with a fixed name, by [`Field::index`].
            const GROUPS: [FieldGroup; NAMED_COUNT] = [$(FieldGroup::from_name($name),)*];

            /// The index in [`Field::NAMED`]; none for a field whose name is custom.
            #[must_use]
            #[inline]
            pub fn index(&self) -> Option<usize> {
                match self {
                    $(Self::$variant => Some(FieldIndex::$variant as usize),)*
                    Self::Extension(_) | Self::ItemExtension(_) | Self::ItemProduct(_) | Self::Identifier(_) | Self::IdentifierExpiry(_) => None,
                }
            }
        }

        impl fmt::Display for Field {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($name),)*
                    Self::Extension(key) => write!(f, "ext.{}", key.name),
                    Self::ItemExtension(key) => write!(f, "item.ext.{}", key.name),
                    Self::ItemProduct(key) => write!(f, "item.product.{}", key.name),
                    Self::Identifier(provider) => write!(f, "guest.id.{provider}"),
                    Self::IdentifierExpiry(provider) => {
                        write!(f, "guest.id.{provider}.expiry_date")
                    }
                }
            }
        }
    };
}

fields! {
    /// The order's reference.
    ReferenceId "referenceId",
    /// When the order was placed.
    OrderedAt "orderedAt",
    /// The order's status.
    Status "status",
    /// The order's currency.
    CurrencyCode "currencyCode",
    /// The order's total.
    Price "price",
    /// How it was paid.
    PaymentType "paymentType",
    /// The type of the card that it was paid with.
    CardType "cardType",
    /// The item's type.
    ItemType "item.type",
    /// The item's reference.
    ItemReferenceId "item.referenceId",
    /// When the item was ordered.
    ItemOrderedAt "item.orderedAt",
    /// The item's status.
    ItemStatus "item.status",
    /// The item's currency.
    ItemCurrencyCode "item.currencyCode",
    /// The item's price, per unit or per line as the profile declares.
    ItemPrice "item.price",
    /// The item's name.
    ItemName "item.name",
    /// The item's product code.
    ItemProductId "item.productId",
    /// The number of pieces.
    ItemQuantity "item.quantity",
    /// The leg of the journey that the item belongs to.
    ItemLeg "item.leg",
    /// The price of the item's line, which counts where the item has no price.
    ItemLinePrice "item.line_price",
    /// The amount off the item's line.
    ItemDiscount "item.discount",
    /// E-mail address.
    GuestEmail "guest.email",
    /// Form of address.
    GuestTitle "guest.title",
    /// First name.
    GuestFirstname "guest.firstname",
    /// Last name.
    GuestLastname "guest.lastname",
    /// Gender.
    GuestGender "guest.gender",
    /// Date of birth.
    GuestDob "guest.dob",
    /// Mobile number.
    GuestMobile "guest.mobile",
    /// Phone number.
    GuestPhone "guest.phone",
    /// Street; may have several lines.
    GuestStreet "guest.street",
    /// City.
    GuestCity "guest.city",
    /// State.
    GuestState "guest.state",
    /// Country, ISO 3166-1 alpha-2.
    GuestCountry "guest.country",
    /// Postal code.
    GuestPostalCode "guest.postal_code",
    /// The events' channel.
    EventChannel "event.channel",
    /// The events' language.
    EventLanguage "event.language",
    /// The events' currency.
    EventCurrency "event.currency",
    /// The events' page.
    EventPage "event.page",
    /// The events' point of sale.
    EventPos "event.pos",
}

/// The fields of an item whose values are amounts in a currency.
pub const ITEM_AMOUNTS: [Field; 3] = [Field::ItemPrice, Field::ItemLinePrice, Field::ItemDiscount];

impl Field {
    /// The group of the profile and of the canonical names that the field belongs to.
    #[must_use]
    pub fn group(&self) -> FieldGroup {
        match self {
            Self::Identifier(_) | Self::IdentifierExpiry(_) => FieldGroup::Guest,
            Self::Extension(_) => FieldGroup::Order,
            Self::ItemExtension(_) | Self::ItemProduct(_) => FieldGroup::Item,
            named => named.index().map_or(FieldGroup::Order, |index| Self::GROUPS[index]),
        }
    }

    /// The field's name within its group: `price` for `item.price`.
    #[must_use]
    pub fn short_name(&self) -> String {
        let name = self.to_string();
        name.strip_prefix(self.group().prefix()).map_or(name.clone(), str::to_owned)
    }

    /// Whether its values are amounts in a currency.
    #[must_use]
    pub fn is_amount(&self) -> bool {
        *self == Self::Price || ITEM_AMOUNTS.contains(self)
    }

    /// Whether its values are numbers, which are compared by value and not as text.
    #[must_use]
    pub fn is_number(&self) -> bool {
        let is_number =
            |data_type| matches!(data_type, ExtensionType::Integer | ExtensionType::Float);
        match self {
            Self::ItemQuantity => true,
            field if field.is_amount() => true,
            Self::Extension(key) | Self::ItemExtension(key) | Self::ItemProduct(key) => {
                is_number(key.data_type)
            }
            _ => false,
        }
    }

    /// Whether it is an identifier other than an e-mail address.
    #[must_use]
    pub fn is_text_identifier(&self) -> bool {
        matches!(self, Self::Identifier(provider) if provider.kind() == IdentifierKind::Text)
    }

    /// The object and the key of an extension attribute; none for other fields.
    #[must_use]
    pub fn extension_key(&self) -> Option<(ExtensionScope, &Arc<ExtensionKey>)> {
        match self {
            Self::Extension(key) => Some((ExtensionScope::Order, key)),
            Self::ItemExtension(key) => Some((ExtensionScope::Item, key)),
            _ => None,
        }
    }

    /// Whether its values are e-mail addresses, which are sent in lower case.
    #[must_use]
    pub fn is_email(&self) -> bool {
        match self {
            Self::Identifier(provider) => provider.kind() == IdentifierKind::Email,
            field => *field == Self::GuestEmail,
        }
    }

    /// Whether its values are `true` and `false`, in any case.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        self.attribute_type() == Some(ExtensionType::Boolean)
    }

    /// Whether it is an attribute with decimal numbers.
    #[must_use]
    pub fn is_float(&self) -> bool {
        self.attribute_type() == Some(ExtensionType::Float)
    }

    fn attribute_type(&self) -> Option<ExtensionType> {
        match self {
            Self::Extension(key) | Self::ItemExtension(key) | Self::ItemProduct(key) => {
                Some(key.data_type)
            }
            _ => None,
        }
    }

    /// Whether a value of this field is personal data, which messages must not contain.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.group() == FieldGroup::Guest
    }

    /// Whether it is an optional attribute of a person of which the target takes some values only.
    #[must_use]
    pub fn is_checked_attribute(&self) -> bool {
        matches!(self, Self::GuestTitle | Self::GuestGender | Self::GuestCountry | Self::GuestDob)
    }
}

/// The object that a field is an attribute of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldGroup {
    /// The order itself.
    Order,
    /// An item of the order.
    Item,
    /// The guest.
    Guest,
    /// The common attributes of the events.
    Event,
}

impl FieldGroup {
    // Matches bytes because a `const fn` cannot call `str::starts_with`.
    const fn from_name(name: &str) -> Self {
        match name.as_bytes() {
            [b'i', b't', b'e', b'm', b'.', ..] => Self::Item,
            [b'g', b'u', b'e', b's', b't', b'.', ..] => Self::Guest,
            [b'e', b'v', b'e', b'n', b't', b'.', ..] => Self::Event,
            _ => Self::Order,
        }
    }

    /// The name of its table in a profile.
    #[must_use]
    pub fn table(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Item => "item",
            Self::Guest => "guest",
            Self::Event => "event",
        }
    }

    /// The prefix of the names of its fields.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Order => "",
            Self::Item => "item.",
            Self::Guest => "guest.",
            Self::Event => "event.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_prefix_determines_group() {
        assert_eq!(Field::ItemPrice.group(), FieldGroup::Item);
        assert_eq!(Field::ItemPrice.short_name(), "price");
        assert_eq!(Field::Price.group(), FieldGroup::Order);
        assert_eq!(Field::GuestPostalCode.short_name(), "postal_code");
        assert_eq!(Field::Identifier("crm".into()).short_name(), "id.crm");
    }
}
