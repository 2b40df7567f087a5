import Foundation
import Testing

@testable import Images

/// Incomplete archives, and files that are not archives.
@Suite(.enabled(if: (try? Confinement.check()) != nil, "this host cannot confine programs (bubblewrap)"))
struct DamagedArchiveTests {
    private let work: SampleRoot

    init() throws { work = try SampleRoot() }

    @Test func `files that no root can be read from are recognised and named`() throws {
        var medium = [UInt8](repeating: 0, count: 40_000)
        medium.replaceSubrange(510..<512, with: [0x55, 0xAA])
        medium.replaceSubrange(32_769..<32_774, with: "CD001".utf8)
        var machine = SampleTar()
        machine.add("lab.ovf", "<Envelope/>")
        machine.add("lab-disk1.vmdk", "KDMV")
        let files: [(name: String, bytes: [UInt8], words: String)] = [
            ("text", Array("hello\n".utf8), "is a text"), ("page", Array("<html>ä".utf8), "is a text"),
            ("empty", [], "is empty"), ("medium", medium, "installation medium"),
            ("zip", [0x50, 0x4B, 3, 4, 0, 0], "zip"), ("cpio", Array("070701\0".utf8), "cpio"),
            ("vhd", Array("conectix\0".utf8), "qemu-img"), ("machine", machine.archive, "(lab-disk1.vmdk)"),
            ("vmdk", Array("# Disk DescriptorFile\nversion=1\n".utf8), "data is in other files"),
            ("lfs", Array("version https://git-lfs.github.com/spec/v1\n".utf8), "git lfs pull"),
            ("rar", Array("Rar!\u{1A}\u{7}".utf8) + [0], "rar archive"),
            ("compress", [0x1F, 0x9D, 0x90], "(.Z)"),
            ("wim", Array("MSWIM\0\0\0".utf8), "Windows"),
            ("zeros", [UInt8](repeating: 0, count: 10_240), "cannot be imported: a directory"),
        ]
        for file in files {
            try work.put(file.name, bytes: file.bytes)
            let error = #expect(throws: ImageLacks.self) { try ImageSource("\(work.path)/\(file.name)") }
            #expect(
                error?.description.contains(file.words) == true, "\(file.name): \(error?.description ?? "")")
        }
    }

    private func tar(_ last: String) -> SampleTar {
        var tar = SampleTar()
        tar.add("etc/", kind: "5")
        tar.add("etc/os-release", "ID=debian\n")
        tar.add("etc/\(last)", "data")
        return tar
    }

    /// Unpacks an archive; nil on success, otherwise the reason for refusing it.
    private func refusal(_ name: String, _ bytes: [UInt8]) throws -> String? {
        try work.put(name, bytes: bytes)
        let root = "\(work.path)/root-\(name)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        do {
            try RootTar("\(work.path)/\(name)").unpack(to: root, filling: root) { _ in }
            return nil
        } catch let lack as ImageLacks {
            return lack.description
        }
    }

    @Test func `a truncated archive is refused, even when cut between two files`() throws {
        let bytes = tar("last").bytes
        #expect(try refusal("whole", tar("last").archive) == nil)
        // The last file has a header and a block.
        for (name, cut) in [("endless", 0), ("between", 1_024), ("in-a-file", 300), ("in-a-header", 700)] {
            let text = try #require(try refusal(name, Array(bytes.dropLast(cut))), "\(name)")
            #expect(text.contains("incomplete") && !text.contains("--directory"), "\(text)")
        }
    }

    @Test func `concatenated archives are read as one, and anything else after the end is reported`() throws {
        #expect(try refusal("joined", tar("first").archive + tar("second").archive) == nil)
        for name in ["first", "second"] { #expect(work.text("root-joined/etc/\(name)") == "data") }
        // OSInside/kiwi#2176: a link among the root's directories outlives an addition that has a directory there.
        var (root, addition) = (tar("first"), SampleTar())
        root.add("usr/lib/ld.so", "loader")
        root.add("lib", kind: "2", link: "usr/lib")
        addition.add("lib/", kind: "5")
        addition.add("lib/modules/card.ko", "module")
        #expect(try refusal("merged", root.archive + addition.archive) == nil)
        #expect(work.text("root-merged/usr/lib/modules/card.ko") == "module")
        #expect(work.text("root-merged/lib/ld.so") == "loader")
        let text = try #require(
            try refusal("more", tar("first").archive + [UInt8](repeating: 0x41, count: 600)))
        #expect(text.contains("damaged"), "\(text)")
    }

    @Test(arguments: [
        ("https://example.org/root.tar", "curl -fLO https://example.org/root.tar"),
        ("docker://debian:12", "skopeo copy docker://debian:12 "),
        ("debian:12", "skopeo copy docker://debian:12 "),
        ("quay.io/fedora/fedora:41", "skopeo copy docker://quay.io/fedora/fedora:41 "),
        ("oci-archive:root.tar", "give the path alone"), ("-", "standard input"),
        ("none.tar", "there is no none.tar"), ("./a:b.tar", "there is no ./a:b.tar"),
        ("/srv/a:b", "there is no /srv/a:b"),
    ])
    func `what is no file here is refused with the way to get one`(source: String, words: String) {
        let error = #expect(throws: ImageLacks.self) { try ImageSource(source) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `zstd that looks back far, and frames that are passed over, are read`() throws {
        let archive = tar("last").archive
        // A frame with a window of 256 MiB, and one block of bytes as they are.
        let block = (archive.count << 3 | 1).littleEndian
        let far =
            [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x90]
            + (0..<3).map { UInt8(truncatingIfNeeded: block >> ($0 * 8)) }
            + archive
        let skipped: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
        for (name, bytes) in [("far", far), ("frames", skipped + skipped + far)] {
            #expect(Compression(bytes) == .zstd, "\(name)")
            #expect(try refusal(name, bytes) == nil)
            #expect(work.text("root-\(name)/etc/last") == "data")
            #expect(try ImageSource("\(work.path)/\(name)").compression == .zstd)
        }
        #expect(Compression(skipped) == nil && Compression(skipped.prefix(6)) == nil)
    }

    @Test(arguments: [
        [0x1F, 0x8B, 8, 0, 0], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4, 0xE6], [0x28, 0xB5, 0x2F, 0xFD, 0],
        [0x04, 0x22, 0x4D, 0x18, 0x64], Array("BZh91AY".utf8),
    ])
    func `what is cut off at its beginning is not called empty`(bytes: [UInt8]) throws {
        try work.put("cut", bytes: bytes)
        let error = #expect(throws: ImageLacks.self) { try ImageSource("\(work.path)/cut") }
        #expect(error?.description.contains("damaged or incomplete") == true, "\(error?.description ?? "")")
    }

    @Test func `what is compressed twice is said to be`() throws {
        try work.put("one", "hello")
        for (source, target) in [("one", "two.gz"), ("two.gz", "three.gz.gz")] {
            try Program("bash", package: "bash").run([
                "-c", "gzip -c <\"$1\" >\"$2\"", "bash", "\(work.path)/\(source)", "\(work.path)/\(target)",
            ])
        }
        let error = #expect(throws: ImageLacks.self) { try ImageSource("\(work.path)/three.gz.gz") }
        #expect(error?.description.contains("compressed twice") == true, "\(error?.description ?? "")")
    }
}
