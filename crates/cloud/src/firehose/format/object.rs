//! The body of an object: records one after the other, compressed as configured.

use std::io::{self, Cursor, Write};

/// The `CompressionFormat` of an S3 destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Compression {
    /// As it is.
    #[default]
    Uncompressed,
    /// One GZIP member.
    Gzip,
    /// An archive of one file.
    Zip,
    /// Snappy's framing format.
    Snappy,
    /// Snappy in Hadoop's blocks.
    HadoopSnappy,
}

impl Compression {
    /// The compression of a name in the API, if there is one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "UNCOMPRESSED" => Compression::Uncompressed,
            "GZIP" => Compression::Gzip,
            "ZIP" => Compression::Zip,
            "Snappy" => Compression::Snappy,
            "HADOOP_SNAPPY" => Compression::HadoopSnappy,
            _ => return None,
        })
    }

    /// The name in the API.
    #[cfg(test)]
    fn name(self) -> &'static str {
        match self {
            Compression::Uncompressed => "UNCOMPRESSED",
            Compression::Gzip => "GZIP",
            Compression::Zip => "ZIP",
            Compression::Snappy => "Snappy",
            Compression::HadoopSnappy => "HADOOP_SNAPPY",
        }
    }

    /// How names of objects end if the stream has no `FileExtension` of its own.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Compression::Uncompressed => "",
            Compression::Gzip => ".gz",
            Compression::Zip => ".zip",
            Compression::Snappy => ".snappy",
            Compression::HadoopSnappy => ".hsnappy",
        }
    }
}

/// Builds a body in memory, record by record.
pub(crate) struct ObjectBody {
    writer: Writer,
}

enum Writer {
    Plain(Vec<u8>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Zip(Box<zip::ZipWriter<Cursor<Vec<u8>>>>),
    Snappy(Box<snap::write::FrameEncoder<Vec<u8>>>),
    HadoopSnappy(Hadoop),
}

impl ObjectBody {
    /// An empty body. `name` is that of the one file in a ZIP archive.
    pub(crate) fn new(compression: Compression, name: &str) -> io::Result<Self> {
        let writer = match compression {
            Compression::Uncompressed => Writer::Plain(Vec::new()),
            Compression::Gzip => {
                Writer::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()))
            }
            Compression::Zip => {
                let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
                archive.start_file(name, zip::write::SimpleFileOptions::default())?;
                Writer::Zip(Box::new(archive))
            }
            Compression::Snappy => Writer::Snappy(Box::new(snap::write::FrameEncoder::new(Vec::new()))),
            Compression::HadoopSnappy => Writer::HadoopSnappy(Hadoop::default()),
        };
        Ok(Self { writer })
    }

    /// Adds a record.
    pub(crate) fn push(&mut self, record: &[u8]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Plain(out) => out.write_all(record),
            Writer::Gzip(out) => out.write_all(record),
            Writer::Zip(out) => out.write_all(record),
            Writer::Snappy(out) => out.write_all(record),
            Writer::HadoopSnappy(out) => out.push(record),
        }
    }

    /// The whole body.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        match self.writer {
            Writer::Plain(out) => Ok(out),
            Writer::Gzip(out) => out.finish(),
            Writer::Zip(out) => Ok(out.finish()?.into_inner()),
            Writer::Snappy(out) => out.into_inner().map_err(|e| io::Error::other(e.error().to_string())),
            Writer::HadoopSnappy(out) => out.finish(),
        }
    }
}

/// Hadoop's block format: for each block the plain length, then for its one chunk the compressed length and the data,
/// lengths as four bytes, the highest first.
#[derive(Default)]
struct Hadoop {
    out: Vec<u8>,
    block: Vec<u8>,
}

/// Bytes of a block before compression: Hadoop's default buffer (`io.compression.codec.snappy.buffersize`).
const HADOOP_BLOCK: usize = 256 * 1024;

impl Hadoop {
    fn push(&mut self, mut record: &[u8]) -> io::Result<()> {
        while !record.is_empty() {
            let (now, later) = record.split_at(record.len().min(HADOOP_BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            record = later;
            if self.block.len() == HADOOP_BLOCK {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Ends a block.
    fn flush(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let compressed = snap::raw::Encoder::new().compress_vec(&self.block).map_err(io::Error::other)?;
        for length in [self.block.len(), compressed.len()] {
            let length = u32::try_from(length).map_err(io::Error::other)?;
            self.out.extend_from_slice(&length.to_be_bytes());
        }
        self.out.extend_from_slice(&compressed);
        self.block.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        self.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const ALL: [Compression; 5] = [
        Compression::Uncompressed,
        Compression::Gzip,
        Compression::Zip,
        Compression::Snappy,
        Compression::HadoopSnappy,
    ];

    fn read_back(compression: Compression, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match compression {
            Compression::Uncompressed => out.extend_from_slice(body),
            Compression::Gzip => {
                flate2::read::GzDecoder::new(body).read_to_end(&mut out).unwrap();
            }
            Compression::Zip => {
                let mut archive = zip::ZipArchive::new(Cursor::new(body)).unwrap();
                assert_eq!(archive.len(), 1);
                archive.by_name("name").unwrap().read_to_end(&mut out).unwrap();
            }
            Compression::Snappy => {
                snap::read::FrameDecoder::new(body).read_to_end(&mut out).unwrap();
            }
            Compression::HadoopSnappy => {
                let mut rest = body;
                let length = |at: &[u8]| u32::from_be_bytes(at[..4].try_into().unwrap()) as usize;
                while !rest.is_empty() {
                    let (plain, packed) = (length(rest), length(&rest[4..]));
                    let block = snap::raw::Decoder::new().decompress_vec(&rest[8..8 + packed]).unwrap();
                    assert_eq!(block.len(), plain);
                    out.extend(block);
                    rest = &rest[8 + packed..];
                }
            }
        }
        out
    }

    #[test]
    fn every_kind_reads_back() {
        let records: Vec<Vec<u8>> =
            (0..3000).map(|i| format!("{{\"record\":{i},\"x\":\"{}\"}}\n", "y".repeat(i % 300)).into_bytes()).collect();
        for compression in ALL {
            let mut body = ObjectBody::new(compression, "name").unwrap();
            for record in &records {
                body.push(record).unwrap();
            }
            assert_eq!(read_back(compression, &body.finish().unwrap()), records.concat(), "{compression:?}");
            let empty = ObjectBody::new(compression, "name").unwrap().finish().unwrap();
            assert_eq!(read_back(compression, &empty), b"", "{compression:?}");
        }
    }

    #[test]
    fn names() {
        for compression in ALL {
            assert_eq!(Compression::parse(compression.name()), Some(compression));
        }
        assert_eq!(Compression::parse("SNAPPY"), None);
    }
}
