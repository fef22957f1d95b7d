//! Attribute types: the statements about the types of the extension attributes that a target has
//! accepted. Compares nothing. Called by `reader` and `run`.

use rusqlite::{Connection, params};

use super::stamp::Stamp;
use crate::{
    ledger::target_hash::TargetHash,
    model::field::{AttributeType, AttributeTypes, ExtensionScope, ExtensionType},
};

/// The types that a target has accepted.
pub(super) fn of_target(
    connection: &Connection,
    target: TargetHash,
) -> Result<AttributeTypes, rusqlite::Error> {
    let mut statement =
        connection.prepare("SELECT scope, name, type FROM extension_types WHERE target = ?1")?;
    let mut rows = statement.query(params![target.0])?;
    let mut types = AttributeTypes::default();
    while let Some(row) = rows.next()? {
        let scope = match row.get_ref(0)?.as_str() {
            Ok("item") => ExtensionScope::Item,
            _ => ExtensionScope::Order,
        };
        // A type that a later version added cannot conflict with one that this version knows.
        let Some(data_type) = ExtensionType::from_name(&row.get::<_, String>(2)?) else { continue };
        types.add(AttributeType { scope, name: row.get(1)?, data_type });
    }
    Ok(types)
}

/// Records types; one that is recorded already stays.
pub(super) fn record(
    connection: &Connection,
    types: &[AttributeType],
    stamp: Stamp<'_>,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO extension_types (target, scope, name, type, run, seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?;
    for AttributeType { scope, name, data_type } in types {
        statement.execute(params![
            stamp.target.0,
            scope.as_str(),
            name,
            data_type.name(),
            stamp.run,
            stamp.now
        ])?;
    }
    Ok(())
}
