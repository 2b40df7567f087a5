import Foundation
import Linux
import Synchronization
import Testing

@testable import Images

/// How files are recognised and unpacked, with the real programs.
@Suite(.enabled(if: (try? Confinement.check()) != nil, "this host cannot confine programs (bubblewrap)"))
struct RootImportTests {
    private let work: SampleRoot

    init() throws { work = try SampleRoot() }

    private func isInstalled(_ name: String) -> Bool { (try? Program(name, package: name)) != nil }

    /// Compresses a file with a program that has `-c`.
    private func pack(_ name: String, _ compression: Compression) throws -> String {
        let packed = try Program(compression.rawValue, package: compression.rawValue).run([
            "-c", "\(work.path)/\(name)",
        ])
        // The name does not show the format.
        let path = "\(work.path)/\(name)-\(compression)"
        try WholeFile.writeForNow(path, [UInt8](packed))
        return path
    }

    private func listed(_ path: String) throws -> [String] {
        let enumerator = try #require(FileManager.default.enumerator(atPath: path))
        return enumerator.compactMap { $0 as? String }.sorted()
    }

    /// A root in a tar archive.
    private func rootTar(_ prefix: String = "./") -> SampleTar {
        var tar = SampleTar()
        tar.add("\(prefix)etc/", kind: "5")
        tar.add("\(prefix)etc/os-release", "ID=debian\n")
        tar.add("\(prefix)dev/", kind: "5")
        tar.add("\(prefix)dev/null", kind: "3")
        for name in [
            "opt/app/dev/file", "usr/share/dev/proc/file", "home/u/dev/project", "dev.d/file",
            "var/log/lastlog", "opt/var/log/lastlog",
        ] {
            tar.add("\(prefix)\(name)", "data")
        }
        return tar
    }

    @Test(arguments: Compression.allCases)
    func `compressed files are recognised by their bytes, and unpacked with holes`(compression: Compression)
        throws
    {
        guard isInstalled(compression.rawValue) else { return }
        try work.put("file", bytes: [UInt8](repeating: 0, count: 9 << 20) + Array("end".utf8))
        let packed = try pack("file", compression)
        #expect(Compression(ofFile: packed) == compression)
        #expect(try compression.innerHead(of: packed) == Data(count: Compression.headByteCount))
        try compression.unpack(packed, to: "\(work.path)/out", in: work.path)
        #expect(FileManager.default.contentsEqual(atPath: "\(work.path)/file", andPath: "\(work.path)/out"))
        let told = try Program("stat", package: "coreutils").run(["-c", "%b", "\(work.path)/out"])
        #expect(try #require(Int(String(decoding: told, as: UTF8.self).dropLast())) < 4096)
        #expect(throws: ImageLacks.self) {
            try compression.unpack(packed, to: "\(work.path)/part", in: work.path, limit: 9 << 20)
        }
        // Truncated, it is not valid.
        try WholeFile.writeForNow(packed, Array(try WholeFile.read(packed).dropLast(4)))
        #expect(throws: ProgramFailure.self) {
            try compression.unpack(packed, to: "\(work.path)/half", in: work.path)
        }
    }

    @Test(arguments: ["", "./", "/"])
    func `a tar archive loses its own dev, and no other directory of that name`(prefix: String) throws {
        try work.put("root.tar", bytes: rootTar(prefix).archive)
        let notes = Mutex<[String]>([])
        for compression in [nil] + Compression.allCases {
            if let compression, !isInstalled(compression.rawValue) { continue }
            let path = try compression.map { try pack("root.tar", $0) } ?? "\(work.path)/root.tar"
            let source = try ImageSource(path)
            #expect(source.kind == .rootArchive && source.compression == compression)
            let root = try SampleRoot()
            try RootTar(path).unpack(to: root.path, filling: root.path) { line in
                notes.withLock { $0.append(line) }
            }
            let files = try listed(root.path)
            for name in [
                "opt/app/dev/file", "usr/share/dev/proc/file", "home/u/dev/project", "dev.d/file",
                "opt/var/log/lastlog",
            ] {
                #expect(files.contains(name), "\(name)")
            }
            #expect(!files.contains("dev/null") && !files.contains("var/log/lastlog"))
        }
        #expect(notes.withLock(\.self) == [])
    }

    @Test func `names with colons, spaces and umlauts work`() throws {
        for name in [
            "rocky8:8.x.tar", "host:root.tar", "with space/my image.tar", "käse/ü.tar", "-x.tar",
            "a'b\"c.tar",
        ] {
            try work.put(name, bytes: rootTar().archive)
            let root = try SampleRoot()
            #expect(try ImageSource("\(work.path)/\(name)").kind == .rootArchive, "\(name)")
            try RootTar("\(work.path)/\(name)").unpack(to: root.path, filling: root.path) {
                Issue.record("\($0)")
            }
            #expect(root.text("etc/os-release") == "ID=debian\n", "\(name)")
        }
    }

    @Test func `a file is recognised by its bytes, even when compressed`() throws {
        var disk = [UInt8](repeating: 0, count: 4096)
        disk.replaceSubrange(510..<512, with: [0x55, 0xAA])
        var layout = SampleTar()
        layout.add("blobs/", kind: "5")
        layout.add("index.json", "{}")
        layout.add("oci-layout", "{}")
        var saved = SampleTar()
        for number in 0..<80 { saved.add("\(number)/layer.tar", "x") }
        saved.add("./manifest.json", "[]")
        let kinds: [(String, [UInt8], ImageSource.Kind)] = [
            ("disk", disk, .disk(.raw)), ("qcow2", [0x51, 0x46, 0x49, 0xFB] + disk, .disk(.qcow2)),
            ("squashfs", Array("hsqs".utf8) + disk, .squashfs), ("layout", layout.archive, .containerArchive),
            ("saved", saved.archive, .containerArchive), ("root", rootTar("rootfs/").archive, .rootArchive),
        ]
        for (name, bytes, kind) in kinds {
            try work.put(name, bytes: bytes)
            #expect(try ImageSource("\(work.path)/\(name)").kind == kind, "\(name)")
            for compression in Compression.allCases where isInstalled(compression.rawValue) {
                let source = try ImageSource(pack(name, compression))
                #expect(source.kind == kind && source.compression == compression, "\(name), \(compression)")
            }
        }
        #expect(throws: ImageLacks.self) { try ImageSource("\(work.path)/nothing") }
    }

    // MARK: Layers

    /// Combines layers in an archive like that of `docker save`.
    private func applied(_ layers: [SampleTar], _ compression: Compression? = nil) throws -> String {
        let place = "\(work.path)/\(UUID())"
        try FileManager.default.createDirectory(atPath: "\(place)/work", withIntermediateDirectories: true)
        var archive = SampleTar()
        var digests: [String] = []
        for (number, layer) in layers.enumerated() {
            let text = String(decoding: layer.archive, as: UTF8.self)
            digests.append("\"\(SampleLayout.digest(text))\"")
            archive.add("\(number)/layer.tar", text)
        }
        let config =
            #"{"architecture":"\#(ContainerPlatform.host.architecture)","os":"linux","rootfs":{"diff_ids":[\#(digests.joined(separator: ","))]}}"#
        archive.add("config.json", config)
        let names = layers.indices.map { "\"\($0)/layer.tar\"" }.joined(separator: ",")
        archive.add("manifest.json", #"[{"Config":"config.json","RepoTags":["x:1"],"Layers":[\#(names)]}]"#)
        try WholeFile.writeForNow("\(place)/saved:1.tar", archive.archive)
        var path = "\(place)/saved:1.tar"
        if let compression {
            path = "\(place)/packed"
            let packed = try Program(compression.rawValue, package: compression.rawValue).run([
                "-c", "\(place)/saved:1.tar",
            ])
            try WholeFile.writeForNow(path, [UInt8](packed))
        }
        let source = try ImageSource(path)
        #expect(source.kind == .containerArchive)
        return try ContainerArchive(source: source, choice: ContainerChoice(), work: "\(place)/work").unpack {
            _ in
        }.root
    }

    /// An archive of `docker save` before version 1.10, its directories named by numbers that say nothing.
    @Test(arguments: [nil, Compression.gzip])
    func `an archive of docker save before version 1.10 is unpacked from the lowest layer`(
        compression: Compression?
    ) throws {
        let (upper, lower) = (String(repeating: "1", count: 64), String(repeating: "2", count: 64))
        var top = SampleTar()
        top.add("srv/.wh.two")
        top.add("srv/one", "new")
        var archive = SampleTar()
        for (id, parent, layer) in [(upper, #","parent":"\#(lower)""#, top), (lower, "", base)] {
            archive.add("\(id)/", kind: "5")
            archive.add("\(id)/VERSION", "1.0")
            archive.add("\(id)/json", #"{"id":"\#(id)"\#(parent)}"#)
            archive.add("\(id)/layer.tar", String(decoding: layer.archive, as: UTF8.self))
        }
        archive.add("repositories", #"{"node":{"1":"\#(upper)"}}"#)
        try work.put("old.tar", bytes: archive.archive)
        let source = try ImageSource(compression.map { try pack("old.tar", $0) } ?? "\(work.path)/old.tar")
        #expect(source.kind == .containerArchive)
        let place = "\(work.path)/work"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let (root, origin) = try ContainerArchive(
            source: source, choice: ContainerChoice(reference: "node:1"), work: place
        ).unpack { _ in }
        #expect(text("\(root)/srv/one") == "new" && text("\(root)/srv/twin") == "old")
        #expect(text("\(root)/srv/two") == nil && text("\(root)/etc/os-release") == "ID=debian\n")
        #expect(origin.contains("node:1 of "))
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private var base: SampleTar {
        var base = rootTar("")
        for name in ["srv/one", "srv/two", "srv/hidden/old", "srv/gone/file", "target/keep"] {
            base.add(name, "old")
        }
        base.add("srv/twin", kind: "1", link: "srv/one")
        base.add("srv/link", kind: "2", link: "../target")
        base.add("srv/opaque", kind: "2", link: "../target")
        return base
    }

    @Test(arguments: [nil, Compression.gzip, .zstd])
    func `layers keep their meaning across hard links and links`(compression: Compression?) throws {
        if let compression, !isInstalled(compression.rawValue) { return }
        var layer = SampleTar()
        layer.add("srv/.wh.two")
        layer.add("srv/.wh.gone", kind: "1", link: "srv/one")
        layer.add("srv/hidden/new", "new")
        layer.add("srv/hidden/.wh..wh..opq")
        // A hard link to a file of the layer below, and one of its names with other content.
        layer.add("srv/third", kind: "1", link: "srv/one")
        layer.add("srv/one", "new")
        // Links that become directories: their targets must not change.
        layer.add("srv/link/", kind: "5")
        layer.add("srv/link/.wh.keep")
        layer.add("srv/link/new", "new")
        layer.add("srv/opaque/", kind: "5")
        layer.add("srv/opaque/.wh..wh..opq")
        // A directory that becomes a file, and the reverse.
        layer.add("usr/share/dev", "file")
        layer.add("home/u/dev/project/", kind: "5")
        layer.add("home/u/dev/project/file", "new")
        layer.add("opt/app/dev/other", "new")
        let root = try applied([base, layer], compression)
        #expect(
            try Set(FileManager.default.contentsOfDirectory(atPath: "\(root)/srv")) == [
                "one", "twin", "third", "hidden", "link", "opaque",
            ])
        #expect(
            text("\(root)/srv/one") == "new" && text("\(root)/srv/twin") == "old"
                && text("\(root)/srv/third") == "old")
        #expect(try listed("\(root)/srv/hidden") == ["new"] && listed("\(root)/srv/link") == ["new"])
        #expect(try listed("\(root)/srv/opaque") == [] && text("\(root)/target/keep") == "old")
        #expect(text("\(root)/usr/share/dev") == "file" && text("\(root)/home/u/dev/project/file") == "new")
        #expect(try listed("\(root)/opt/app/dev") == ["file", "other"])
    }

    @Test func `a whiteout takes a directory with all that is marked in it, and spares what its layer adds`()
        throws
    {
        // The lowest layer, too, may have marks.
        var lowest = base
        lowest.add("srv/hidden/.wh..wh..opq")
        lowest.add("srv/.wh.nothing")
        // Of a directory that goes, its files are marked as well, before it or behind it.
        for marks in [["srv/.wh.gone", "srv/gone/.wh.file"], ["srv/gone/.wh.file", "srv/.wh.gone"]] {
            var layer = SampleTar()
            for mark in marks { layer.add(mark) }
            // The mark of an opaque directory behind what the same layer adds.
            layer.add("srv/hidden/new", "new")
            layer.add("srv/hidden/below/", kind: "5")
            layer.add("srv/hidden/below/new", "new")
            layer.add("srv/hidden/.wh..wh..opq")
            layer.add("srv/one", "new")
            layer.add("srv/.wh.one")
            let root = try applied([lowest, layer], nil)
            #expect(try listed("\(root)/srv/hidden") == ["below", "below/new", "new"])
            #expect(!FileManager.default.fileExists(atPath: "\(root)/srv/gone"))
            #expect(text("\(root)/srv/one") == "new")
            #expect(try listed(root).allSatisfy { !$0.contains(".wh.") })
        }
    }

    @Test func `whiteouts of every kind count, and a name with a line end is one name`() throws {
        var lower = base
        lower.add("srv/line\nend", "old")
        lower.add("srv/back\\slash%d", "old")
        lower.add("etc/also", "old")
        var layer = SampleTar()
        // As directories, and as links.
        layer.add("srv/.wh.one/", kind: "5")
        layer.add("srv/.wh.gone", kind: "2", link: "two")
        layer.add("srv/.wh.line\nend")
        layer.add("srv/.wh.back\\slash%d")
        // Of these, the part behind the line end is the name of a directory, and a mark.
        layer.add("opt/new\nsrv", "new")
        layer.add("opt/new\netc/.wh.also", "new")
        let root = try applied([lower, layer], nil)
        let srv = try listed("\(root)/srv")
        #expect(!srv.contains("one") && !srv.contains { $0.hasPrefix("gone") } && srv.contains("two"))
        #expect(!srv.contains { $0.contains("line") || $0.contains("back") })
        #expect(text("\(root)/opt/new\nsrv") == "new" && text("\(root)/etc/also") == "old")
    }

    @Test func `a damaged layer is refused, and so is an archive that ends in the middle`() throws {
        var archive = SampleTar()
        archive.add("0/layer.tar", "not what the configuration names")
        archive.add(
            "config.json",
            #"{"architecture":"amd64","os":"linux","rootfs":{"diff_ids":["\#(SampleLayout.digest(""))"]}}"#)
        archive.add("manifest.json", #"[{"Config":"config.json","RepoTags":[],"Layers":["0/layer.tar"]}]"#)
        try work.put("a.tar", bytes: archive.archive)
        func unpack(_ name: String) throws {
            let place = "\(work.path)/work-\(name)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            _ = try ContainerArchive(
                source: ImageSource("\(work.path)/\(name)"), choice: ContainerChoice(), work: place
            ).unpack { _ in }
        }
        let error = #expect(throws: ImageLacks.self) { try unpack("a.tar") }
        #expect(error?.description.contains("damaged") == true)
        var cut = SampleTar()
        cut.add("manifest.json", "[]")
        cut.add("blob", String(repeating: "x", count: 100_000))
        try work.put("cut.tar", bytes: Array(cut.bytes.prefix(50_000)))
        let cutOff = #expect(throws: ImageLacks.self) { try unpack("cut.tar") }
        #expect(cutOff?.description.contains("damaged or incomplete") == true)
        #expect(cutOff?.description.contains("--directory") == false)
    }

    @Test func `a root in a subdirectory is found, and that is reported`() throws {
        for name in ["rootfs/etc/os-release", "rootfs/usr/bin/sh", "metadata.yaml"] {
            try work.put(name, "x")
        }
        var notes: [String] = []
        #expect(try ImageBuilder.innerRoot(of: work.path) { notes.append($0) } == "\(work.path)/rootfs")
        #expect(notes.count == 1 && notes[0].contains("rootfs"))
        try work.put("etc/os-release", "x")
        #expect(try ImageBuilder.innerRoot(of: work.path) { Issue.record("\($0)") } == work.path)
    }

    // MARK: Losses

    @Test func `losses are reported, by kind and with names`() throws {
        var tar = rootTar("")
        tar.add("srv/null", kind: "3")
        tar.add("srv/flags", "x", attributes: ["SCHILY.fflags": "uchg"])
        tar.add(
            "srv/shared", "x",
            attributes: ["SCHILY.acl.access": "user::rw-,user:nosuch:r--,group::r--,mask::r--,other::---"])
        tar.add("srv/born", "x", attributes: ["LIBARCHIVE.creationtime": "1"])
        tar.add(
            "srv/mine", "x",
            attributes: ["SCHILY.xattr.user.note": "kept", "SCHILY.xattr.trusted.note": "lost"])
        try work.put("root.tar", bytes: tar.archive)
        let root = try SampleRoot()
        let notes = Mutex<[String]>([])
        try RootTar("\(work.path)/root.tar").unpack(to: root.path, filling: root.path) { line in
            notes.withLock { $0.append(line) }
        }
        let said = notes.withLock { $0.joined(separator: "\n") }
        #expect(said.contains("devices are left out: srv/null"), "\(said)")
        #expect(said.contains("SCHILY.fflags") && !said.contains("LIBARCHIVE"), "\(said)")
        #expect(said.contains("access control lists are left out: srv/shared"), "\(said)")
        #expect(said.contains("trusted.note is left out: srv/mine"), "\(said)")
        #expect(FileStatus.attributeNames(of: "\(root.path)/srv/mine").contains("user.note"))
    }

    @Test func `only known losses are accepted`() {
        let device = "tar: srv/null: Cannot mknod: Operation not permitted"
        let end = "tar: Exiting with failure status due to previous errors"
        #expect(UnpackedLosses([device, end]).isWholeFailure)
        #expect(
            !UnpackedLosses([device, "tar: x: Cannot open: No space left on device", end]).isWholeFailure)
        #expect(!UnpackedLosses([end]).isWholeFailure)
        let attribute =
            "write_xattr: failed to write xattr trusted.x for file /r/f because Operation not permitted"
        #expect(UnpackedLosses([attribute]).isWholeFailure)
        #expect(
            UnpackedLosses([attribute]).notes == ["note: the extended attribute trusted.x is left out: /r/f"])
        #expect(
            !UnpackedLosses([attribute, "Write on output file failed because No space left on device"])
                .isWholeFailure)
        let many = (0..<9).map {
            "create_inode: failed to create block device /d\($0), because Operation not permitted"
        }
        #expect(
            UnpackedLosses(many).notes == ["note: devices are left out: /d0, /d1, /d2, /d3, /d4 and 4 more"])
    }

    @Test func `attributes that an image cannot store are reported with their files`() throws {
        try work.put("srv/shared", "x")
        let names = FileStatus.attributeNames(of: "\(work.path)/srv/shared")
        try Program("python3", package: "python3").run([
            "-c",
            "import os, struct, sys; os.setxattr(sys.argv[1], 'system.posix_acl_access', struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *one) for one in [(1, 6, 2**32 - 1), (2, 4, 5), (4, 4, 2**32 - 1), (16, 4, 2**32 - 1), (32, 0, 2**32 - 1)]))",
            "\(work.path)/srv/shared",
        ])
        #expect(!names.contains("system.posix_acl_access"))
        let output = PackerOutput { _ in }
        #expect(output.losses(of: work.path) == [])
        output.line("Unrecognised xattr prefix system.posix_acl_access")
        let losses = output.losses(of: work.path)
        #expect(
            losses.count == 1 && losses[0].contains("access control lists")
                && losses[0].hasSuffix("srv/shared"), "\(losses)")
    }
}
