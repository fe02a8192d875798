//! The write-ahead log as a file, looked at before SQLite does: SQLite takes whatever it can't read for the end of the log, and
//! deletes one whose database is empty.
//!
//! The format is SQLite's, and does not change: a header of 32 bytes, then frames of 24 bytes and a page each. Numbers are
//! written from their highest byte. The checksum of a frame continues that of the frame before, which stands in that frame: so
//! each can be judged by itself. Frames of earlier rounds, behind the newest, have other salts.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::Path;

use crate::place::{bytes_of, private};
use crate::room::PAGE_BYTES;

/// Bytes of the log's header, and those in front of each page.
pub(crate) const HEADER: u64 = 32;
pub(crate) const HEAD: u64 = 24;

/// How its words are added up: the last bit says in which order their bytes are.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

type Sum = [u32; 2];

/// What stands in a log's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    is_big: bool,
    page_bytes: u32,
    salts: Sum,
    sum: Sum,
}

impl Header {
    fn of(bytes: &[u8]) -> Option<Self> {
        let word = |n: usize| word(bytes, n);
        let magic = word(0)?;
        let page_bytes = word(2)?;
        let header = Self {
            is_big: magic & 1 == 1,
            page_bytes,
            salts: [word(4)?, word(5)?],
            sum: [word(6)?, word(7)?],
        };
        let is_one = magic & !1 == MAGIC
            && word(1)? == VERSION
            && page_bytes.is_power_of_two()
            && (512..=65_536).contains(&page_bytes)
            && added(header.is_big, [0; 2], bytes.get(..24)?) == header.sum;
        is_one.then_some(header)
    }

    /// One for these salts, where there is none.
    fn new(salts: Sum) -> Self {
        let page_bytes = u32::try_from(PAGE_BYTES).unwrap_or(4096);
        Self { is_big: cfg!(target_endian = "big"), page_bytes, salts, sum: [0; 2] }
    }

    fn frame_bytes(&self) -> u64 {
        HEAD + u64::from(self.page_bytes)
    }

    /// Its bytes; its checksum becomes theirs.
    fn bytes(&mut self) -> Vec<u8> {
        let [one, two] = self.salts;
        let words = [MAGIC | u32::from(self.is_big), VERSION, self.page_bytes, 0, one, two];
        let mut bytes = words.map(u32::to_be_bytes).concat();
        self.sum = added(self.is_big, [0; 2], &bytes);
        bytes.extend(self.sum.map(u32::to_be_bytes).concat());
        bytes
    }
}

/// A page in the log.
#[derive(Debug, Clone, Copy)]
struct Frame {
    page_no: u32,
    /// The last of its transaction.
    commits: bool,
    salts: Sum,
    /// Its checksum is right, given the one before.
    is_sealed: bool,
}

impl Frame {
    fn is_of(&self, salts: Sum) -> bool {
        self.salts == salts && self.page_no != 0
    }
}

/// All frames from the beginning, one at a time.
struct Frames<R> {
    read: R,
    is_big: bool,
    before: Sum,
    bytes: Vec<u8>,
}

impl Frames<BufReader<File>> {
    fn of(path: &Path, header: &Header) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(HEADER))?;
        let size = usize::try_from(header.frame_bytes()).unwrap_or_default();
        Ok(Self {
            read: BufReader::new(file),
            is_big: header.is_big,
            before: header.sum,
            bytes: vec![0; size],
        })
    }
}

impl<R: Read> Frames<R> {
    /// `None`: the end; what is left of a frame there was never one.
    fn next(&mut self) -> io::Result<Option<Frame>> {
        match self.read.read_exact(&mut self.bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let word = |n: usize| word(&self.bytes, n).unwrap_or_default();
        let sum = [word(4), word(5)];
        let seal = self.sum(self.before);
        let frame = Frame {
            page_no: word(0),
            commits: word(1) != 0,
            salts: [word(2), word(3)],
            is_sealed: seal == sum,
        };
        self.before = sum;
        Ok(Some(frame))
    }

    /// Of the frame that was read last, behind a frame with this one.
    fn sum(&self, before: Sum) -> Sum {
        let head = added(self.is_big, before, self.bytes.get(..8).unwrap_or_default());
        added(self.is_big, head, self.bytes.get(24..).unwrap_or_default())
    }
}

/// The condition of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Nothing is in it, or there is none.
    Empty,
    /// It is what a daemon leaves, whatever became of it.
    Sound,
    /// What begins it is no header, and something stands behind that.
    Headless,
    /// The frame of this number, from 1, can't be read, and so many transactions behind it can.
    Broken {
        /// Number of the frame.
        frame: u64,
        /// Transactions.
        behind: u64,
    },
}

/// Looks at the log at this path. A daemon may be at work on it.
///
/// # Errors
/// It can't be read.
pub(crate) fn look(path: &Path) -> io::Result<Condition> {
    let found = look_once(path)?;
    match found {
        Condition::Empty | Condition::Sound => Ok(found),
        // While it is written over from its beginning, what is read may be of two rounds.
        Condition::Headless | Condition::Broken { .. } => {
            Ok(if look_once(path)? == found { found } else { Condition::Sound })
        }
    }
}

fn look_once(path: &Path) -> io::Result<Condition> {
    if bytes_of(path)?.unwrap_or(0) <= HEADER {
        return Ok(Condition::Empty);
    }
    let Some(header) = header(&mut File::open(path)?)? else { return Ok(Condition::Headless) };
    let mut frames = Frames::of(path, &header)?;
    let (mut number, mut broken, mut behind) = (0, None, 0);
    while let Some(frame) = frames.next()? {
        number += 1;
        let is_whole = frame.is_sealed && frame.is_of(header.salts);
        if !is_whole {
            broken.get_or_insert(number);
        } else if broken.is_some() && frame.commits {
            behind += 1;
        }
    }
    Ok(match broken {
        Some(frame) if behind > 0 => Condition::Broken { frame, behind },
        _ => Condition::Sound,
    })
}

fn header(file: &mut File) -> io::Result<Option<Header>> {
    let mut bytes = [0; HEADER as usize];
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map(|()| Header::of(&bytes)),
    }
}

/// Whether the log has, under its header, the frame of this number, from 1. Only its salts are looked at.
///
/// # Errors
/// It can't be read.
pub(crate) fn has_frame(path: &Path, number: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let Some(header) = header(&mut file)? else { return Ok(false) };
    file.seek(SeekFrom::Start(HEADER + number.saturating_sub(1) * header.frame_bytes()))?;
    let mut bytes = [0; HEAD as usize];
    match file.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| [word(&bytes, 2), word(&bytes, 3)] == header.salts.map(Some)),
    }
}

/// Writes a log of all frames that are whole, also those behind some that are not. A frame whose predecessor is too damaged to
/// judge it by is taken for whole. Returns how many were left out in front of the last that was not.
///
/// # Errors
/// It can't be read, or the new one not be written.
pub(crate) fn mend(from: &Path, to: &Path) -> io::Result<u64> {
    let found = header(&mut File::open(from)?)?;
    let old = found.unwrap_or(Header::new([0; 2]));
    let salts = match found {
        Some(header) => Some(header.salts),
        None => first_salts(from, &old)?,
    };
    let Some(salts) = salts else { return Ok(0) };
    let file = private(File::options().write(true).create(true).truncate(true)).open(to)?;
    let (mut write, mut new) = (BufWriter::new(file), Header { salts, ..old });
    write.write_all(&new.bytes())?;
    let mut frames = Frames::of(from, &old)?;
    let mut is_judge = found.is_some();
    let (mut left_out, mut lost) = (0, 0);
    while let Some(frame) = frames.next()? {
        let is_of = frame.is_of(salts);
        if is_of && (frame.is_sealed || !is_judge) {
            new.sum = frames.sum(new.sum);
            let (head, page) = frames.bytes.split_at(HEAD as usize);
            write.write_all(head.get(..16).unwrap_or_default())?;
            write.write_all(&new.sum.map(u32::to_be_bytes).concat())?;
            write.write_all(page)?;
            lost = left_out;
        } else {
            left_out += 1;
        }
        is_judge = is_of;
    }
    write.flush()?;
    Ok(lost)
}

/// Those of the first frame that is whole.
fn first_salts(path: &Path, header: &Header) -> io::Result<Option<Sum>> {
    let mut frames = Frames::of(path, header)?;
    while let Some(frame) = frames.next()? {
        if frame.is_sealed && frame.page_no != 0 {
            return Ok(Some(frame.salts));
        }
    }
    Ok(None)
}

fn word(bytes: &[u8], n: usize) -> Option<u32> {
    let bytes = bytes.get(n * 4..n * 4 + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// SQLite's sum over words, two at a time.
fn added(is_big: bool, [mut one, mut two]: Sum, bytes: &[u8]) -> Sum {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    let number = if is_big { u32::from_be_bytes } else { u32::from_le_bytes };
    for [first, second] in pairs {
        one = one.wrapping_add(number(*first)).wrapping_add(two);
        two = two.wrapping_add(number(*second)).wrapping_add(one);
    }
    [one, two]
}
