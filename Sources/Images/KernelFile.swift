import Foundation

/// What a kernel file says about itself, read from its beginning. It is untrusted: each number is checked before use.
struct KernelFile {
    /// The architecture it runs on, as Debian names it; nil when it does not show.
    private(set) var architecture: String?
    /// The output of `uname -r` on it; nil when it does not show.
    private(set) var release: String?
    /// How all of it is compressed, as on boards and arm64; boot loaders other than GRUB need it decompressed.
    let compression: Compression?
    /// Whether it contains its own initrd and command line (a unified kernel image), which a node cannot use.
    private(set) var isUnified = false

    /// What the file is instead of a kernel: a web page, a pointer to a large file.
    let placeholder: String?

    /// How much of a file is examined.
    static let byteLimit = 128 * 1024

    init(ofFile path: String) {
        let file = FileHandle(forReadingAtPath: path)
        defer { try? file?.close() }
        self.init([UInt8]((try? file?.read(upToCount: Self.byteLimit)) ?? Data()))
    }

    init(_ bytes: [UInt8]) {
        compression = Compression(bytes)
        placeholder = ForeignFile.placeholder(bytes)
        readHeader(of: bytes)
        readImage(of: bytes)
    }

    /// Documentation/arch/x86/boot.rst, *The Real-Mode Kernel Header*: `HdrS` at 0x202; at 0x20E the offset of the version text, less
    /// 0x200.
    private mutating func readHeader(of bytes: [UInt8]) {
        guard Self.holds("HdrS", bytes, at: 0x202), let offset = Self.number(bytes, at: 0x20E, count: 2)
        else {
            return
        }
        architecture = "amd64"
        // XLF_KERNEL_64 of xloadflags, since protocol 2.12.
        if let version = Self.number(bytes, at: 0x206, count: 2), version >= 0x020C,
            let flags = Self.number(bytes, at: 0x236, count: 2), flags & 1 == 0
        {
            architecture = "i386"
        }
        guard offset > 0, offset + 0x200 < bytes.count else { return }
        let text = bytes[(offset + 0x200)...].prefix(256).prefix { $0 > 0x20 && $0 < 0x7F }
        if !text.isEmpty { release = String(decoding: text, as: UTF8.self) }
    }

    /// Documentation/arch/arm64/booting.rst: `ARM\x64` at 56. Otherwise as a UEFI program: «PE Format», the offset of `PE` at 0x3C, then
    /// the machine, and section headers with names of eight bytes.
    private mutating func readImage(of bytes: [UInt8]) {
        if Self.holds("ARMd", bytes, at: 56) { architecture = "arm64" }
        guard Self.holds("MZ", bytes, at: 0), let start = Self.number(bytes, at: 0x3C, count: 4),
            Self.holds("PE\0\0", bytes, at: start), let machine = Self.number(bytes, at: start + 4, count: 2),
            let sectionCount = Self.number(bytes, at: start + 6, count: 2),
            let optionalByteCount = Self.number(bytes, at: start + 20, count: 2)
        else { return }
        architecture = architecture ?? [0x8664: "amd64", 0xAA64: "arm64", 0x14C: "i386"][machine]
        let sections = start + 24 + optionalByteCount
        isUnified = (0..<min(sectionCount, 96)).contains {
            Self.holds(".linux\0", bytes, at: sections + 40 * $0)
        }
    }

    private static func holds(_ text: String, _ bytes: [UInt8], at offset: Int) -> Bool {
        offset >= 0 && offset <= bytes.count && bytes[offset...].starts(with: text.utf8)
    }

    /// Little endian; nil beyond the end.
    private static func number(_ bytes: [UInt8], at offset: Int, count: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        return bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
