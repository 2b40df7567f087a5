import Foundation

/// Files that people have, but that no root can be read from directly.
enum ForeignFile {
    /// What a file is, and what to do instead; nil when it is not recognised.
    ///
    /// - Parameter head: its first bytes, after decompression.
    static func description(_ head: Data) -> String? {
        if head.isEmpty { return "is empty" }
        for (offset, mark, what) in marks where head.dropFirst(offset).starts(with: mark) { return what }
        // VirtualBox's disks begin with `<<<`.
        let isMarkup = ["<!", "<?", "<html", "<HTML"].contains { head.starts(with: $0.utf8) }
        guard isMarkup || isText(head.prefix(512)) else { return nil }
        return "is a text, perhaps the error page of a web server instead of the file: look at it"
    }

    private static let medium =
        "is an installation medium (ISO 9660), which has no system on it yet: install it on a disk, and import that, or build an image "
        + "(roost image build); of a live medium, import the root in it (mount -o loop; casper/, live/ or LiveOS/ have it as a squashfs)"
    private static let packed = "which keeps no owners: pack the root with tar"

    /// Where each format has its signature: ECMA-119 §8.1.1 in sector 16, cpio(5), deb(5), and the formats' own documents.
    private static let marks: [(offset: Int, mark: [UInt8], what: String)] = [
        (32_769, Array("CD001".utf8), medium),
        (
            0, Array("conectix".utf8),
            "is a VHD disk: convert it with qemu-img convert -O qcow2, and import that"
        ),
        (0, [0x50, 0x4B, 0x03, 0x04], "is a zip archive, \(packed)"),
        (0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "is a 7z archive, \(packed)"),
        (0, Array("Rar!\u{1A}".utf8), "is a rar archive, \(packed)"),
        (0, [0x1F, 0x9D], "is compressed with compress (.Z): decompress it (gzip -d), and import that file"),
        (0, Array("MSWIM\0".utf8), "is an image of Windows (WIM), which has no Linux in it"),
        (0, Array("07070".utf8), "is a cpio archive: unpack it, and import the directory"),
        (0, Array("!<arch>\n".utf8), "is a package (.deb): install it in the root of an image"),
        (0, [0xED, 0xAB, 0xEE, 0xDB], "is a package (.rpm): install it in the root of an image"),
        (
            0, Array("# Disk DescriptorFile".utf8),
            "is a VMDK whose data is in other files: merge them into one disk with qemu-img convert -O qcow2"
        ),
        (
            0, Array("version https://git-lfs".utf8),
            "is a Git LFS pointer to a large file: fetch the file itself (git lfs pull)"
        ),
    ]

    /// What a file is that should be a program but came from a server or a repository in its place; nil for anything else, other texts too.
    static func placeholder(_ head: [UInt8]) -> String? {
        let text = String(decoding: head.prefix(512), as: UTF8.self)
            .drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        if text.hasPrefix("version https://git-lfs") || text.hasPrefix("version https://hawser") {
            return "a Git LFS pointer (git lfs pull fetches the file itself)"
        }
        if text.hasPrefix("/annex/objects/") {
            return "a git-annex pointer (git annex get fetches the file itself)"
        }
        if text.hasPrefix("xsym\n") { return "a link that was copied as a file" }
        let isMarkup = ["<!doctype", "<html", "<?xml", "<head", "<!--"].contains(where: text.hasPrefix)
        return isMarkup ? "a web page" : nil
    }

    private static func isText(_ bytes: Data) -> Bool {
        bytes.allSatisfy { (0x20...0x7E).contains($0) || (0x09...0x0D).contains($0) }
    }

    /// The disk in a virtual machine's archive (OVF, DSP0243 §5.3: the descriptor comes first); nil for others.
    ///
    /// - Parameter names: in an archive, in their order.
    static func virtualMachine(_ names: [String]) -> String? {
        guard names.contains(where: { $0.lowercased().hasSuffix(".ovf") }) else { return nil }
        let disk = names.first { name in
            [".vmdk", ".vhd", ".qcow2", ".img"].contains { name.lowercased().hasSuffix($0) }
        }
        return "is a virtual machine (OVA): unpack it with tar, and import the disk in it"
            + (disk.map { " (\($0))" } ?? "")
    }
}
