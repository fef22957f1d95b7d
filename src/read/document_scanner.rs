//! Document scanner: finds the documents of a JSON file over any number of lines: one after the
//! other, in arrays, or at paths within the values around them.
//!
//! Goes forward over the buffered bytes and remembers where it is, so that what is around the
//! documents is never held as a whole. Checks what is around them and does not parse them. Where
//! damage hides the end of a document it does not guess. Called by `block_reader`.

use std::ops::Range;

use memchr::memchr_iter;

use super::{
    array::{ElementTerminator, element_end, element_range, string_end, value_end},
    block::Piece,
    document_error::DocumentError,
    read_buffer::BOM,
};
use crate::model::document_path::{DocumentPath, MAX_PATHS, PathStep};

/// Where a scanner is in the value.
#[derive(Debug)]
pub(super) struct DocumentScanner {
    forms: Vec<DocumentPath>,
    /// The form that is the whole value.
    whole: Option<usize>,
    max_record: usize,
    /// The open brackets on the way to documents, the outermost first: one for each step.
    open: Vec<OpenBracket>,
    next: Next,
    /// The form that the value has.
    matched: Option<usize>,
    /// The forms that values have had.
    found: FormSet,
    /// The line on which the value begins.
    line: u64,
}

/// Some of the forms, a bit for each.
type FormSet = u16;

const _: () = assert!(MAX_PATHS <= FormSet::BITS as usize, "a bit for each form");

#[derive(Debug, Clone, Copy)]
struct OpenBracket {
    is_array: bool,
    /// The forms whose paths lead here.
    forms: FormSet,
    /// Those whose next member was met.
    found: FormSet,
    /// The number of elements that were met.
    n_elements: u64,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A value of the file.
    Root,
    /// The value of a member or an element to which these forms lead.
    Value(FormSet),
    /// The name of the first member, or the end of the object.
    FirstName,
    Name,
    AfterMember,
    Element,
    AfterElement,
    /// The rest of a value without documents.
    Skipped {
        depth: usize,
        in_string: bool,
    },
}

/// A pass over the buffered bytes.
struct ScanPass<'b> {
    bytes: &'b [u8],
    is_eof: bool,
    at: usize,
    /// Where the value of the file begins, if that is in these bytes.
    root: usize,
    /// The line at `counted`.
    line: u64,
    counted: usize,
    documents: Vec<Range<usize>>,
}

/// What a pass found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// The ranges of the documents.
    pub(super) documents: Vec<Range<usize>>,
    /// Where the next pass begins.
    pub(super) end: usize,
}

/// Damage, and the line that it is reported for.
pub(super) type ScanError = (u64, DocumentError);

impl DocumentScanner {
    pub(super) fn new(forms: &[DocumentPath], max_record: u64) -> Self {
        Self {
            forms: forms.to_vec(),
            whole: forms.iter().position(|form| form.steps.is_empty()),
            max_record: usize::try_from(max_record).unwrap_or(usize::MAX),
            open: Vec::new(),
            next: Next::Root,
            matched: None,
            found: 0,
            line: 1,
        }
    }

    /// The forms that values have had so far, a bit for each.
    pub(super) fn found(&self) -> u32 {
        u32::from(self.found)
    }

    /// Finds the complete documents of bytes that begin where the last pass ended.
    pub(super) fn scan(&mut self, piece: Piece<'_>, is_eof: bool) -> Result<Scan, ScanError> {
        let mut pass = ScanPass::new(piece, is_eof);
        while self.step(&mut pass)? {}
        // The whole value may still be the document: it is read again when there is more of it.
        if self.next != Next::Root && self.matched.is_none() && self.whole.is_some() {
            self.open.clear();
            (self.next, pass.at) = (Next::Root, pass.root);
        }
        Ok(Scan { documents: pass.documents, end: pass.at })
    }

    /// Finds what is incomplete in the bytes after the last pass, with which the file ends.
    pub(super) fn finish(&mut self, piece: Piece<'_>) -> Result<Vec<Range<usize>>, ScanError> {
        let mut pass = ScanPass::new(piece, true);
        let rest = pass.bytes.trim_ascii();
        let start = pass.bytes.len() - pass.bytes.trim_ascii_start().len();
        let of_element = self
            .open
            .last()
            .is_some_and(|open| self.next == Next::Element && self.complete(open.forms).is_some());
        if of_element {
            let end = element_end(pass.bytes, 0);
            pass.documents.extend(element_range(pass.bytes, 0..end.at, end.terminator));
            // A truncated element is itself the report of a truncated array.
            if end.terminator == ElementTerminator::EndOfBytes {
                pass.documents.push(pass.bytes.len()..pass.bytes.len());
            }
            return Ok(pass.documents);
        }
        let is_truncated_document = match self.next {
            Next::Root if rest.is_empty() => return Ok(pass.documents),
            Next::Root => true,
            Next::Value(forms) => self.complete(forms).is_some() && rest.starts_with(b"{"),
            _ => false,
        };
        if is_truncated_document {
            pass.documents.push(start..start + rest.len());
            return Ok(pass.documents);
        }
        let line = pass.line_at(pass.bytes.len());
        Err((line, DocumentError::Unclosed { from_line: self.line }))
    }

    /// Passes what comes next. Returns false if the bytes end before.
    fn step(&mut self, pass: &mut ScanPass<'_>) -> Result<bool, ScanError> {
        if let Next::Skipped { depth, in_string } = self.next {
            return self.skip(pass, depth, in_string);
        }
        if self.next == Next::Root {
            pass.skip_marks();
        } else {
            pass.skip_blanks();
        }
        let rest = &pass.bytes[pass.at..];
        let Some(byte) = rest.first().copied() else { return Ok(false) };
        if self.next == Next::Root && !pass.is_eof && BOM.starts_with(rest) {
            return Ok(false);
        }
        match (self.next, byte) {
            (Next::Root, b'{' | b'[') => self.begin_root(pass),
            (Next::Root, _) => Err(pass.unexpected("\"{\", \"[\" or the end of the file")),
            (Next::Value(forms), _) => self.enter(pass, forms),
            (Next::FirstName | Next::AfterMember, b'}') | (Next::AfterElement, b']') => {
                self.close(pass)
            }
            (Next::FirstName | Next::Name, b'"') => self.name(pass),
            (Next::FirstName | Next::Name, _) => Err(pass.unexpected("a name in quotes")),
            (Next::AfterMember, b',') => Ok(self.pass_comma(pass, Next::Name)),
            (Next::AfterElement, b',') => Ok(self.pass_comma(pass, Next::Element)),
            (Next::AfterMember, _) => Err(pass.unexpected("\",\" or \"}\"")),
            (Next::AfterElement, _) => Err(pass.unexpected("\",\" or \"]\"")),
            (Next::Element, _) => self.element(pass, byte),
            (Next::Skipped { .. }, _) => unreachable!("skipped above"),
        }
    }

    fn begin_root(&mut self, pass: &mut ScanPass<'_>) -> Result<bool, ScanError> {
        (self.matched, pass.root) = (None, pass.at);
        self.line = pass.line_at(pass.at);
        let all = (0..self.forms.len()).fold(0, |set, form| set | 1 << form);
        self.enter(pass, all)
    }

    fn pass_comma(&mut self, pass: &mut ScanPass<'_>, next: Next) -> bool {
        (self.next, pass.at) = (next, pass.at + 1);
        true
    }

    /// Enters the value to which some forms lead: a document, what is around documents, or a value
    /// without documents.
    fn enter(&mut self, pass: &mut ScanPass<'_>, forms: FormSet) -> Result<bool, ScanError> {
        let byte = pass.bytes[pass.at];
        let below = match byte {
            b'{' => self.going_on(forms, |step| matches!(step, PathStep::Member(_))),
            b'[' => self.going_on(forms, |step| *step == PathStep::Elements),
            _ => 0,
        };
        if below != 0 {
            let is_array = byte == b'[';
            if is_array {
                self.set_matched(below.trailing_zeros() as usize)?;
            }
            self.open.push(OpenBracket { is_array, forms: below, found: 0, n_elements: 0 });
            self.next = if is_array { Next::Element } else { Next::FirstName };
            pass.at += 1;
            return Ok(true);
        }
        if let (b'{', Some(form)) = (byte, self.complete(forms)) {
            return self.document(pass, form);
        }
        if self.open.is_empty() || forms != 0 && self.is_in_array() {
            return Err(self.no_documents(pass.line_at(pass.at)));
        }
        self.skip_value(pass, byte)
    }

    fn document(&mut self, pass: &mut ScanPass<'_>, form: usize) -> Result<bool, ScanError> {
        // No more than the limit, so that the size of blocks makes no difference to the error.
        let window = pass.bytes.len().min(pass.at.saturating_add(self.max_record + 3));
        match value_end(&pass.bytes[..window], pass.at) {
            Ok(None) => Ok(false),
            Ok(Some(end)) => {
                self.set_matched(form)?;
                pass.documents.push(pass.at..end);
                pass.at = end;
                self.after_value(pass)
            }
            Err((at, reason)) => {
                let line = pass.line_at(pass.at);
                Err((line, DocumentError::NoEnd { reason, damage_line: pass.line_at(at) }))
            }
        }
    }

    /// An element of an array, which is a document or has documents, or the end of the array.
    fn element(&mut self, pass: &mut ScanPass<'_>, byte: u8) -> Result<bool, ScanError> {
        let Some(&OpenBracket { forms, n_elements, .. }) = self.open.last() else {
            return Ok(false);
        };
        let has_element = n_elements > 0;
        if self.complete(forms).is_none() {
            if byte == b']' && has_element {
                return Err(pass.unexpected("another element after the comma"));
            }
            if byte == b']' {
                return self.close(pass);
            }
            self.note_element();
            self.next = Next::Value(forms);
            return Ok(true);
        }
        let end = element_end(pass.bytes, pass.at);
        let element = element_range(pass.bytes, pass.at..end.at, end.terminator);
        match end.terminator {
            ElementTerminator::Truncated | ElementTerminator::EndOfBytes => return Ok(false),
            ElementTerminator::Comma => {
                self.note_element();
                pass.documents.extend(element);
                pass.at = end.at + 1;
                return Ok(true);
            }
            ElementTerminator::Bracket => {}
        }
        // In `[]` no element is missing, after a comma one is: `json` reports its bracket.
        pass.documents.extend(element.filter(|own| own.start < end.at || has_element));
        pass.at = end.at;
        self.close(pass)
    }

    fn note_element(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.n_elements += 1;
        }
    }

    /// The name of a member and the colon after it.
    fn name(&mut self, pass: &mut ScanPass<'_>) -> Result<bool, ScanError> {
        let quote = pass.at;
        let end = match string_end(pass.bytes, quote + 1) {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(false),
            Err(at) => return Err(pass.line_break(at)),
        };
        pass.at = end + 1;
        pass.skip_blanks();
        match pass.bytes.get(pass.at) {
            Some(b':') => pass.at += 1,
            Some(_) => return Err(pass.unexpected("\":\"")),
            None => {
                pass.at = quote;
                return Ok(false);
            }
        }
        let written = &pass.bytes[quote..=end];
        // A name that cannot be read is that of no form.
        let name: Option<String> = serde_json::from_slice(written).ok();
        let Some(open) = self.open.last().copied() else { return Ok(false) };
        let has_name =
            |step: &PathStep| matches!(step, PathStep::Member(own) if Some(own) == name.as_ref());
        let forms = self.matching(open.forms, self.open.len() - 1, has_name);
        if forms & open.found != 0 {
            let name = name.unwrap_or_default();
            return Err((pass.line_at(quote), DocumentError::Twice { name }));
        }
        if let Some(open) = self.open.last_mut() {
            open.found |= forms;
        }
        self.next = Next::Value(forms);
        Ok(true)
    }

    /// Passes the bracket that closes an object or array around documents.
    fn close(&mut self, pass: &mut ScanPass<'_>) -> Result<bool, ScanError> {
        let closed = self.open.pop();
        let is_object = closed.is_some_and(|closed| !closed.is_array && closed.found == 0);
        if is_object && self.is_in_array() {
            return Err(self.no_documents(pass.line_at(pass.at)));
        }
        pass.at += 1;
        self.after_value(pass)
    }

    fn after_value(&mut self, pass: &mut ScanPass<'_>) -> Result<bool, ScanError> {
        self.next = match self.open.last() {
            Some(open) if open.is_array => Next::AfterElement,
            Some(_) => Next::AfterMember,
            None => Next::Root,
        };
        if self.next == Next::Root && self.matched.is_none() {
            match self.whole {
                Some(form) => self.set_matched(form)?,
                None => return Err(self.no_documents(self.line)),
            }
            pass.documents.push(pass.root..pass.at);
        }
        Ok(true)
    }

    fn skip_value(&mut self, pass: &mut ScanPass<'_>, byte: u8) -> Result<bool, ScanError> {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",]}".contains(byte);
        match byte {
            b'"' => self.next = Next::Skipped { depth: 0, in_string: true },
            b'{' | b'[' => self.next = Next::Skipped { depth: 1, in_string: false },
            b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                let Some(length) = pass.bytes[pass.at..].iter().position(ends) else {
                    return Ok(false);
                };
                pass.at += length;
                return self.after_value(pass);
            }
            _ => return Err(pass.unexpected("a value")),
        }
        pass.at += 1;
        Ok(true)
    }

    /// Passes what the bytes have of a value without documents, which may be of any size.
    fn skip(
        &mut self,
        pass: &mut ScanPass<'_>,
        mut depth: usize,
        mut in_string: bool,
    ) -> Result<bool, ScanError> {
        while let Some(byte) = pass.bytes.get(pass.at) {
            match byte {
                b'\n' if in_string => return Err(pass.line_break(pass.at)),
                // What is escaped may be in the next pass.
                b'\\' if in_string && pass.at + 1 == pass.bytes.len() => break,
                b'\\' if in_string => pass.at += 1,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            pass.at += 1;
            if depth == 0 && !in_string {
                return self.after_value(pass);
            }
        }
        self.next = Next::Skipped { depth, in_string };
        Ok(false)
    }

    fn set_matched(&mut self, form: usize) -> Result<(), ScanError> {
        match self.matched {
            Some(other) if other != form => {
                let forms = [other, form].map(|form| self.forms[form].text.clone());
                Err((self.line, DocumentError::TwoForms { forms }))
            }
            _ => {
                self.matched = Some(form);
                self.found |= 1 << form;
                Ok(())
            }
        }
    }

    fn is_in_array(&self) -> bool {
        self.open.iter().any(|open| open.is_array)
    }

    /// The forms whose step below the open brackets is such a one.
    fn going_on(&self, forms: FormSet, test: impl Fn(&PathStep) -> bool) -> FormSet {
        self.matching(forms, self.open.len(), test)
    }

    fn matching(&self, of: FormSet, step: usize, test: impl Fn(&PathStep) -> bool) -> FormSet {
        let all = self.forms.iter().enumerate();
        let matching = all.filter(|(_, form)| form.steps.get(step).is_some_and(&test));
        matching.fold(0, |set, (form, _)| set | 1 << form) & of
    }

    /// The form whose path ends below the open brackets.
    fn complete(&self, of: FormSet) -> Option<usize> {
        let has_ended =
            |form: &usize| of & 1 << form != 0 && self.forms[*form].steps.len() == self.open.len();
        (0..self.forms.len()).find(has_ended)
    }

    fn no_documents(&self, line: u64) -> ScanError {
        let forms = self.forms.iter().map(|form| form.text.clone()).collect();
        let from_line = self.line;
        let array = self.open.iter().rfind(|open| open.is_array);
        let error = match array {
            Some(array) => {
                DocumentError::NoneInElement { forms, number: array.n_elements, from_line }
            }
            None => DocumentError::None { forms, from_line },
        };
        (line, error)
    }
}

impl<'b> ScanPass<'b> {
    fn new(piece: Piece<'b>, is_eof: bool) -> Self {
        let Piece { line, bytes, .. } = piece;
        Self { bytes, is_eof, at: 0, root: 0, line, counted: 0, documents: Vec::new() }
    }

    fn skip_blanks(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len() - rest.trim_ascii_start().len();
    }

    /// Skips blanks and byte order marks, which stand where files were joined.
    fn skip_marks(&mut self) {
        self.skip_blanks();
        while self.bytes[self.at..].starts_with(BOM) {
            self.at += BOM.len();
            self.skip_blanks();
        }
    }

    /// The line of a place; places are asked for in their order, or once.
    fn line_at(&mut self, at: usize) -> u64 {
        if at >= self.counted {
            self.line += memchr_iter(b'\n', &self.bytes[self.counted..at]).count() as u64;
            self.counted = at;
        }
        self.line
    }

    fn unexpected(&mut self, expected: &'static str) -> ScanError {
        let found = self.bytes[self.at];
        let line = self.line_at(self.at);
        (line, DocumentError::Unexpected { found, expected })
    }

    fn line_break(&mut self, at: usize) -> ScanError {
        (self.line_at(at), DocumentError::LineBreakInString)
    }
}
