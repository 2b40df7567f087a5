import Foundation
import Glibc
import Testing

extension EndToEnd.Servers {
    /// Imports from elsewhere, and what can go wrong on the way into the store.
    @Suite struct ImportTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private func work(_ name: String) throws -> String {
            let path = "\(BootLab.directory)/\(name)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            return path
        }

        private func arguments(
            _ image: String, _ source: String, in server: CenterServer, cache: String? = nil
        )
            -> [String]
        {
            [
                "image", "import", image, source, "--state-directory", "\(server.directory)/state", "--cache",
                cache ?? BootLab.cache,
            ]
        }

        @discardableResult
        private func importImage(
            _ image: String, _ source: String, in server: CenterServer, cache: String? = nil
        ) throws -> String {
            try BootLab.run(
                BootLab.roost, arguments(image, source, in: server, cache: cache),
                environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
        }

        private func versions(in server: CenterServer) throws -> [[String: Any]] {
            let data = Data(try server.roost("image", "list", "--json").utf8)
            return try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
        }

        /// Names at the top of an image's directory in the store.
        private func stored(_ image: String, in server: CenterServer) throws -> Set<String> {
            Set(
                try FileManager.default.contentsOfDirectory(
                    atPath: "\(server.directory)/state/images/\(image)"))
        }

        /// Builds the output of `docker save` from layers, with a library that is independent of ours.
        private func save(_ path: String, layers: String) throws {
            let script = """
                import hashlib, io, json, os, sys, tarfile
                def layer(fill):
                    data = io.BytesIO()
                    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as tar: fill(tar)
                    return data.getvalue()
                def put(tar, name, data=b"", **more):
                    entry = tarfile.TarInfo(name); entry.size = len(data); entry.mode = 0o644
                    for key, value in more.items(): setattr(entry, key, value)
                    tar.addfile(entry, io.BytesIO(data))
                \(layers)
                config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers",
                    "diff_ids": ["sha256:" + hashlib.sha256(one).hexdigest() for one in layers]}}).encode()
                with tarfile.open("\(path)", "w") as tar:
                    put(tar, "config.json", config)
                    for number, one in enumerate(layers): put(tar, f"{number}/layer.tar", one)
                    put(tar, "manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["x:1"],
                        "Layers": [f"{number}/layer.tar" for number in range(len(layers))]}]).encode())
                """
            try BootLab.run("env", ["python3", "-c", script])
        }

        @Test func `layers are applied as intended, and never lead out of the root`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            let directory = try work("layers")
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let root = try TinyRoot("\(directory)/root")
            for (name, text) in [("gone", "x"), ("stays", "one"), ("hidden/old", "x"), ("app/dev/file", "x")]
            {
                let path = URL(fileURLWithPath: "\(root.path)/srv/\(name)")
                try FileManager.default.createDirectory(
                    at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: path)
            }
            // A kernel as on arm64, which iPXE cannot boot.
            let kernel = "\(root.path)/boot/vmlinuz-\(try root.kernelRelease)"
            try BootLab.run(
                "sh",
                ["-ec", "cp \"$1\" \"$2\"; gzip -c \"$2\" >\"$1\"", "sh", kernel, "\(directory)/kernel"])
            let base = "base = layer(lambda tar: tar.add(\"\(root.path)\", arcname=\".\"))\n"
            let saved = "\(directory)/rocky8:8.x ü.tar"
            try save(
                saved,
                layers: base + """
                    def second(tar):
                        put(tar, "srv/.wh.gone")
                        put(tar, "srv/hidden/.wh..wh..opq")
                        put(tar, "srv/hidden/new", b"new")
                        put(tar, "srv/stays", b"two")
                        put(tar, "srv/twin", type=tarfile.LNKTYPE, linkname="srv/stays")
                        put(tar, "srv/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
                        put(tar, "srv/noted", b"noted", pax_headers={"SCHILY.xattr.user.note": "kept"})
                        put(tar, "srv/able", pax_headers={"SCHILY.xattr.security.capability": "\\1\\0\\0\\2\\0\\x20" + "\\0" * 14})
                        put(tar, "srv/shared", pax_headers={"SCHILY.acl.access": "user::rw-,user:5:r--,group::r--,mask::r--,other::---"})
                    layers = [base, layer(second)]
                    """)
            let said = try BootLab.run(
                "sh",
                ["-c", "exec \"$@\" 2>&1", "sh", BootLab.roost]
                    + arguments("layers", saved, in: server),
                environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
            #expect(said.contains("layers@1 ") && said.contains("devices are left out: srv/null"), "\(said)")
            #expect(said.contains("access control lists") && said.contains(": srv/shared"), "\(said)")
            let digest = try #require(try versions(in: server).first?["digest"] as? String)
            let squashfs = "\(server.directory)/state/images/layers/\(digest)/root.squashfs"
            try BootLab.run("unsquashfs", ["-q", "-n", "-xattrs", "-d", "\(directory)/out", squashfs, "srv"])
            let out = "\(directory)/out/srv"
            #expect(
                Set(try FileManager.default.contentsOfDirectory(atPath: out)) == [
                    "stays", "hidden", "twin", "noted", "able", "shared", "app",
                ])
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(out)/app/dev") == ["file"])
            #expect(
                FileManager.default.contentsEqual(
                    atPath: "\(directory)/kernel",
                    andPath: "\(server.directory)/state/images/layers/\(digest)/kernel"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(out)/hidden") == ["new"])
            let status = try BootLab.run(
                "env", ["stat", "-c", "%h %F %i", "\(out)/stays", "\(out)/twin"]
            )
            .split(separator: "\n").map(String.init)
            #expect(status[0] == status[1] && status[0].hasPrefix("2 regular file"))
            #expect(try String(contentsOfFile: "\(out)/twin", encoding: .utf8) == "two")
            let note = try BootLab.run(
                "env",
                [
                    "python3", "-c",
                    "import os; print(os.getxattr('\(out)/noted', 'user.note'), os.getxattr('\(out)/able', 'security.capability')[5])",
                ])
            #expect(note == "b'kept' 32\n")

            // Names and links that lead elsewhere: refused, or kept inside; nothing outside is touched.
            let outside = try work("layers/outside")
            for (number, trick) in [
                "put(tar, \"../../../../../../..\(outside)/evil\", b\"evil\")",
                "put(tar, \"srv/out\", type=tarfile.SYMTYPE, linkname=\"\(outside)\")\n    put(tar, \"srv/out/evil\", b\"evil\")",
                "put(tar, \"srv/hard\", type=tarfile.LNKTYPE, linkname=\"../../../../../../../etc/passwd\")",
            ].enumerated() {
                try save(
                    "\(directory)/trick.tar",
                    layers: base + "def second(tar):\n    \(trick)\nlayers = [base, layer(second)]\n")
                _ = try? importImage("trick-\(number)", "\(directory)/trick.tar", in: server)
                #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty, "\(trick)")
            }
            // The same with a plain tar archive.
            let script = """
                import io, tarfile
                with tarfile.open("\(directory)/plain.tar", "w") as tar:
                    tar.add("\(root.path)", arcname=".")
                    link = tarfile.TarInfo("srv/out"); link.type = tarfile.SYMTYPE; link.linkname = "\(outside)"
                    tar.addfile(link)
                    for name in ["srv/out/evil", "../../../../../../..\(outside)/evil"]:
                        entry = tarfile.TarInfo(name); entry.size = 4
                        tar.addfile(entry, io.BytesIO(b"evil"))
                """
            try BootLab.run("env", ["python3", "-c", script])
            _ = try? importImage("plain", "\(directory)/plain.tar", in: server)
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
        }

        @Test func `a decompression bomb and a full disk end with a clear error, and nothing half-made`()
            throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            let directory = try work("bomb")
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let root = try TinyRoot("\(directory)/root")
            let cache = try work("bomb/cache")
            try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=160M", "none", cache])
            defer { _ = try? BootLab.run("umount", ["-l", cache]) }
            // A quarter of a gigabyte compressed into two hundred kilobytes: more than there is room for.
            let script = """
                import tarfile
                class Zeros:
                    def read(self, count): return b"\\0" * count
                with tarfile.open("\(directory)/bomb.tar.gz", "w:gz", compresslevel=1) as tar:
                    entry = tarfile.TarInfo("srv/bomb"); entry.size = 1 << 28
                    tar.addfile(entry, Zeros())
                """
            try BootLab.run("env", ["python3", "-c", script])
            let bomb = #expect(throws: CommandFailed.self) {
                try importImage("bomb", "\(directory)/bomb.tar.gz", in: server, cache: cache)
            }
            #expect(bomb?.output.contains("is nearly full") == true, "\(bomb?.output ?? "")")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: cache).filter { $0.hasPrefix("root-") }
                    .isEmpty)
            #expect(try versions(in: server).isEmpty)

            // No room for the version itself.
            let store = "\(server.directory)/state/images"
            try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=6M,mode=0777", "none", store])
            let full = #expect(throws: CommandFailed.self) { try importImage("full", root.path, in: server) }
            #expect(full?.output.contains("no space is left on the disk") == true, "\(full?.output ?? "")")
            #expect(try versions(in: server).isEmpty)
            try BootLab.run("umount", [store])
            #expect(try importImage("full", root.path, in: server).hasPrefix("full@1 "))
        }
    }
}
