//! Carts: the statements about the carts of assembled orders. Clears nothing. Called by `run`.

// The column `browser` has the id of a cart's session, which the Stream API calls a browser.

use rusqlite::{Connection, params};

use super::stamp::Stamp;
use crate::ledger::{
    entry::{CartId, OpenCart},
    target_hash::TargetHash,
};

/// The carts at a target that any run left open, the oldest first.
pub(super) fn open_carts(
    connection: &Connection,
    target: TargetHash,
) -> Result<Vec<OpenCart>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT cart, reference, browser, clear_cart FROM carts
         WHERE target = ?1 AND closed_at IS NULL ORDER BY cart",
    )?;
    let carts = statement.query_map(params![target.0], |row| {
        let (cart, reference, session) = (CartId(row.get(0)?), row.get(1)?, row.get(2)?);
        Ok(OpenCart { cart, reference, session, clear_cart: row.get(3)? })
    })?;
    carts.collect()
}

/// Writes an open cart. Returns its number.
pub(super) fn insert(
    connection: &Connection,
    reference: &str,
    session: &str,
    clear_cart: &str,
    stamp: Stamp<'_>,
) -> Result<CartId, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO carts (target, reference, run, browser, clear_cart, opened_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![
        stamp.target.0,
        reference,
        stamp.run,
        session,
        clear_cart,
        stamp.now
    ])?;
    Ok(CartId(connection.last_insert_rowid()))
}

/// Marks a cart as closed.
pub(super) fn close(
    connection: &Connection,
    cart: CartId,
    now: i64,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("UPDATE carts SET closed_at = ?2 WHERE cart = ?1")?
        .execute(params![cart.0, now])?;
    Ok(())
}
