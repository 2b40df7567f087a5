import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// What comes from elsewhere, and what goes wrong on the way into the store.
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
                environment: ["ROOST_SOCKET": "\(server.directory)/api.sock"])
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

        @Test func `killed at fifty moments, importer or server, the store holds whole versions only`() throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            let directory = try work("fifty")
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let root = try SmallRoot("\(directory)/root", of: lab)
            // How long one takes on this machine, with the kernel's modules packed before.
            var microseconds = 0
            for round in -1...0 {
                try root.mark(round)
                let start = DispatchTime.now()
                try importImage("small", root.path, in: server)
                microseconds = Int(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1_000
            }
            var acknowledged: Set<Int> = []
            var (killedImports, killedServers) = (0, 0)
            for round in 1...50 {
                try root.mark(round)
                let importer = Process()
                importer.executableURL = URL(fileURLWithPath: BootLab.roost)
                importer.arguments = arguments("small", root.path, in: server)
                importer.environment = ProcessInfo.processInfo.environment.merging([
                    "ROOST_SOCKET": "\(server.directory)/api.sock"
                ]) { $1 }
                let output = Pipe()
                importer.standardOutput = output
                importer.standardError = FileHandle.nullDevice
                try importer.run()
                usleep(UInt32.random(in: 0...UInt32(microseconds)))
                if round.isMultiple(of: 2) {
                    server.kill()
                    killedServers += 1
                    importer.waitUntilExit()
                    try server.startAgain()
                } else {
                    kill(importer.processIdentifier, SIGKILL)
                    importer.waitUntilExit()
                    if importer.terminationReason == .uncaughtSignal {
                        killedImports += 1
                    } else {
                        // It takes less time than was measured when the machine was busier.
                        microseconds = max(microseconds * 3 / 4, 20_000)
                    }
                }
                let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                if said.hasPrefix("small@"), let number = Int(said.dropFirst(6).prefix { $0.isNumber }) {
                    acknowledged.insert(number)
                }
                let all = try versions(in: server)
                #expect(
                    acknowledged.isSubset(of: Set(all.compactMap { $0["number"] as? Int })), "round \(round)")
                if !all.isEmpty { try server.roost("image", "verify") }
            }
            #expect(killedImports > 5 && killedServers == 25)
            // The next one clears away what the killed ones left, and takes what has its files already.
            try root.mark(51)
            #expect(try importImage("small", root.path, in: server).hasPrefix("small@"))
            let digests = Set(try versions(in: server).compactMap { $0["digest"] as? String })
            let left = try stored("small", in: server)
            #expect(left.isSuperset(of: digests) && left.allSatisfy { $0.count == 64 }, "\(left)")
        }

        /// Makes what `docker save` writes out of layers, by a library that knows nothing of ours.
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

        @Test func `layers are applied as they mean it, and never lead out of the root`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            let directory = try work("layers")
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let root = try SmallRoot("\(directory)/root", of: lab)
            for (name, text) in [("gone", "x"), ("stays", "one"), ("hidden/old", "x")] {
                let path = URL(fileURLWithPath: "\(root.path)/srv/\(name)")
                try FileManager.default.createDirectory(
                    at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: path)
            }
            let base = "base = layer(lambda tar: tar.add(\"\(root.path)\", arcname=\".\"))\n"
            try save(
                "\(directory)/saved.tar",
                layers: base + """
                    def second(tar):
                        put(tar, "srv/.wh.gone")
                        put(tar, "srv/hidden/.wh..wh..opq")
                        put(tar, "srv/hidden/new", b"new")
                        put(tar, "srv/stays", b"two")
                        put(tar, "srv/twin", type=tarfile.LNKTYPE, linkname="srv/stays")
                        put(tar, "srv/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
                        put(tar, "srv/noted", b"noted", pax_headers={"SCHILY.xattr.user.note": "kept"})
                    layers = [base, layer(second)]
                    """)
            #expect(try importImage("layers", "\(directory)/saved.tar", in: server).hasPrefix("layers@1 "))
            let digest = try #require(try versions(in: server).first?["digest"] as? String)
            let squashfs = "\(server.directory)/state/images/layers/\(digest)/root.squashfs"
            try BootLab.run("unsquashfs", ["-q", "-n", "-xattrs", "-d", "\(directory)/out", squashfs, "srv"])
            let out = "\(directory)/out/srv"
            #expect(
                Set(try FileManager.default.contentsOfDirectory(atPath: out)) == [
                    "stays", "hidden", "twin", "null", "noted",
                ])
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(out)/hidden") == ["new"])
            let status = try BootLab.run(
                "env", ["stat", "-c", "%h %F %i", "\(out)/stays", "\(out)/twin", "\(out)/null"]
            )
            .split(separator: "\n").map(String.init)
            #expect(status[0] == status[1] && status[0].hasPrefix("2 regular file"))
            #expect(status[2].contains("character special file"))
            #expect(try String(contentsOfFile: "\(out)/twin", encoding: .utf8) == "two")
            let note = try BootLab.run(
                "env", ["python3", "-c", "import os; print(os.getxattr('\(out)/noted', 'user.note'))"])
            #expect(note == "b'kept'\n")

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
            // The same by a plain tar archive.
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

        @Test func `a root in the layout of other distributions boots, and its packages are known`() throws {
            let work = try work("layout")
            defer { try? FileManager.default.removeItem(atPath: work) }
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            let debian = try #require(images.first { $0["image"] as? String == "debian" })
            let digest = try #require(debian["digest"] as? String)
            let release = try #require((debian["manifest"] as? [String: Any])?["kernelRelease"] as? String)
            let root = "\(work)/root"
            try BootLab.run(
                "unsquashfs",
                ["-q", "-n", "-d", root, "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs"])
            // openSUSE's kernel, which is a link; modules as Fedora and Arch compress them, and one like Alpine's, which this
            // machine's depmod cannot read; compressed firmware; a name behind an absolute link; rpm's records.
            try BootLab.run(
                "sh",
                [
                    "-euc",
                    """
                    cd "$1"
                    modules=usr/lib/modules/$2
                    rm -rf var/lib/dpkg var/lib/apt
                    mv "boot/vmlinuz-$2" "$modules/vmlinuz"
                    ln -s "../$modules/vmlinuz" "boot/vmlinuz-$2"
                    cd "$modules/kernel" && rm -rf sound
                    cd drivers && rm -rf gpu hid hwmon iio infiniband media mtd net/wireless scsi staging && cd "$1"
                    find "$modules/kernel/drivers" -name '*.ko' -print0 | xargs -0 -P 2 -n 100 zstd -q -1 --rm
                    find "$modules" -name '*.ko' -print0 | xargs -0 -P 2 -n 100 xz -0
                    depmod -b . "$2"
                    xz -d "$modules/kernel/fs/overlayfs/overlay.ko.xz"
                    touch "$modules/kernel/fs/overlayfs/overlay.ko" && gzip "$modules/kernel/fs/overlayfs/overlay.ko"
                    sed -i 's/overlay.ko.xz/overlay.ko.gz/' "$modules/modules.dep"
                    mkdir -p usr/lib/firmware/rtl_nic
                    echo 'firmware of the test' | xz >usr/lib/firmware/rtl_nic/rtl8168e-3.fw.xz
                    sed -i 's/^PRETTY_NAME=.*/PRETTY_NAME="Sample Linux 7"/' usr/lib/os-release
                    ln -sf /usr/lib/os-release etc/os-release
                    cat >../sample.spec <<'SPEC'
                    Name: sample
                    Epoch: 1
                    Version: 2.0
                    Release: 3
                    Summary: A sample
                    License: none
                    BuildArch: noarch
                    %description
                    A sample.
                    %files
                    SPEC
                    rpmbuild --quiet --define "_topdir $PWD/../rpm" -bb ../sample.spec
                    rpm --dbpath "$PWD/usr/lib/sysimage/rpm" --initdb
                    rpm --dbpath "$PWD/usr/lib/sysimage/rpm" -i --justdb --nodeps ../rpm/RPMS/noarch/sample-2.0-3.noarch.rpm
                    """, "sh", root, release,
                ])
            try BootLab.run(
                BootLab.roost,
                [
                    "image", "import", "laid-out", root, "--state-directory", BootLab.stateDirectory,
                    "--cache",
                    BootLab.cache,
                ], environment: ["ROOST_SOCKET": BootLab.socket])
            let made = try #require(
                (try lab.json("image", "list") as? [[String: Any]] ?? []).first {
                    $0["image"] as? String == "laid-out"
                })
            let manifest = try #require(made["manifest"] as? [String: Any])
            #expect(manifest["kernelRelease"] as? String == release)
            #expect(manifest["system"] as? String == "Sample Linux 7")
            let packages = manifest["packages"] as? [[String: String]]
            #expect(packages == [["name": "sample", "version": "1:2.0-3"]])
            let store = "\(BootLab.stateDirectory)/images/laid-out/\(try #require(made["digest"] as? String))"
            #expect(
                try BootLab.run(
                    "sh", ["-c", "zstd -dc \(store)/modules.cpio | grep -ac 'firmware of the test'"]
                )
                .hasPrefix("1"))

            let mac = "52:54:00:00:00:a8"
            try lab.roost("node", "add", "laid-out", "--mac", mac)
            try lab.roost("set", "--node", "laid-out", "image=laid-out")
            defer { _ = try? lab.powerOff("laid-out") }
            try lab.boot("laid-out", mac: mac, expecting: ["roost: starting /sbin/init"])
            try lab.waitForStage("ready", of: "laid-out")
            #expect(
                try lab.ssh(lab.address(of: "laid-out"), ". /etc/os-release; echo $PRETTY_NAME")
                    == "Sample Linux 7")
        }

        @Test func `a bomb and a full disk end with a clear error, and nothing half-made`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            let directory = try work("bomb")
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let root = try SmallRoot("\(directory)/root", of: lab)
            let cache = try work("bomb/cache")
            try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=600M", "none", cache])
            defer { _ = try? BootLab.run("umount", ["-l", cache]) }
            // Four gigabytes in a few megabytes.
            let script = """
                import tarfile
                class Zeros:
                    def read(self, count): return b"\\0" * count
                with tarfile.open("\(directory)/bomb.tar.gz", "w:gz", compresslevel=1) as tar:
                    entry = tarfile.TarInfo("srv/bomb"); entry.size = 4 << 30
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
            #expect(full?.output.lowercased().contains("space") == true, "\(full?.output ?? "")")
            #expect(try versions(in: server).isEmpty)
            try BootLab.run("umount", [store])
            #expect(try importImage("full", root.path, in: server).hasPrefix("full@1 "))
        }
    }
}
