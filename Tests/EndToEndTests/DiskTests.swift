import Foundation
import Testing

extension EndToEnd.Machines {
    /// Disks: images made from them, and what nodes do with their own.
    @Suite struct DiskTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private func rootDigest(of image: String) throws -> String? {
            let versions = try lab.json("image", "list") as? [[String: Any]] ?? []
            let version = versions.last { $0["image"] as? String == image }
            let manifest = version?["manifest"] as? [String: Any]
            let files = manifest?["files"] as? [[String: Any]]
            return files?.first { $0["name"] as? String == "root.squashfs" }?["sha256"] as? String
        }

        @Test func `a disk becomes an image, raw or qcow2, with its kernel on a separate partition`() throws {
            let work = "\(BootLab.directory)/disk"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            let root = "\(work)/root"
            _ = try TinyRoot(root)
            try BootLab.run("mv", ["\(root)/boot", "\(work)/boot"])
            try FileManager.default.createDirectory(
                atPath: "\(root)/boot", withIntermediateDirectories: false)
            // A node that mounted this would wait for a disk that it does not have.
            try Data("LABEL=boot /boot ext4 defaults 0 2\nUUID=0-0 /nothing ext4 defaults 0 2\n".utf8).write(
                to: URL(fileURLWithPath: "\(root)/etc/fstab"))
            try Disk.makeFileSystem("\(work)/boot.ext4", "64M", label: "boot", from: "\(work)/boot")
            try Disk.makeFileSystem("\(work)/root.ext4", "200M", label: "system", from: root)
            try Disk.make("\(work)/disk.raw", [("\(work)/boot.ext4", 131), ("\(work)/root.ext4", 131)])
            try FileManager.default.removeItem(atPath: root)

            #expect(try lab.importImage("disked", "\(work)/disk.raw").hasPrefix("disked@1 "))
            try BootLab.run("qemu-img", ["convert", "-O", "qcow2", "\(work)/disk.raw", "\(work)/disk.img"])
            #expect(try lab.importImage("disked-again", "\(work)/disk.img").hasPrefix("disked-again@1 "))
            #expect(try rootDigest(of: "disked") != nil)
            #expect(try rootDigest(of: "disked") == rootDigest(of: "disked-again"))
            #expect(try !BootLab.run("cat", ["/proc/mounts"]).contains(work))

            // A disk that would make the importer read another file, and one without a system.
            func make(_ words: String) throws {
                try BootLab.run("sh", ["-ec", "cd '\(work)'; \(words)"])
            }
            try make("qemu-img create -q -f qcow2 -b /etc/shadow -F raw trap-1 1M")
            // Its data is all of another disk: ours, which has a system.
            try make(
                "qemu-img create -q -f qcow2 -o data_file=data,data_file_raw=on trap-2 1M; ln -sf disk.raw data"
            )
            // A header without capacity is read as a list of files.
            try make(
                """
                cat >list <<'END'
                # Disk DescriptorFile
                version=1
                CID=12345678
                parentCID=ffffffff
                createType="monolithicFlat"
                RW 655360 FLAT "\(work)/disk.raw" 0
                ddb.adapterType = "ide"
                END
                python3 -c 'import struct
                head = b"KDMV" + struct.pack("<IIQQQQIQQQ?", 1, 3, 0, 128, 1, 20, 512, 0, 0, 128, False)
                text = open("list", "rb").read()
                open("trap-3", "wb").write(head.ljust(512, bytes(1)) + text.ljust(20 * 512, bytes(1)))'
                qemu-img convert -O vmdk -o subformat=twoGbMaxExtentFlat disk.raw trap.vmdk; cp trap.vmdk trap-4
                """)
            for number in 1...4 {
                let trap = #expect(throws: CommandFailed.self, "\(number)") {
                    try lab.importImage("trap", "\(work)/trap-\(number)")
                }
                // A descriptor alone is not recognised as a disk.
                #expect(
                    trap?.output.contains(
                        number < 4 ? "depends on another file" : "data is in other files")
                        == true,
                    "\(number): \(trap?.output ?? "")")
            }
            let empty = #expect(throws: CommandFailed.self) {
                try lab.importImage("empty", "\(work)/boot.ext4")
            }
            #expect(empty?.output.contains("there is no system on the disk") == true)
            // One whose links would pack this host's root.
            try BootLab.run(
                "sh",
                [
                    "-ec",
                    "mkdir '\(work)/links'; ln -s / '\(work)/links/root'; ln -s /etc '\(work)/links/etc'",
                ])
            try Disk.makeFileSystem("\(work)/links.ext4", "8M", label: "system", from: "\(work)/links")
            let links = #expect(throws: CommandFailed.self) {
                try lab.importImage("links", "\(work)/links.ext4")
            }
            #expect(links?.output.contains("there is no system on the disk") == true)

            let mac = "52:54:00:00:00:8c"
            try lab.roost("node", "add", "disked", "--mac", mac)
            try lab.roost("set", "--node", "disked", "image=disked")
            try lab.bootDirectly("disked", mac: mac)
            defer { _ = try? lab.powerOff("disked") }
            try lab.waitForStage("ready", of: "disked")
            #expect(try lab.ssh(lab.address(of: "disked"), "test -e /etc/fstab || echo none") == "none")
        }

        @Test
        func
            `disks in every virtual machine format, and with every supported file system, give the same root`()
            throws
        {
            let work = "\(BootLab.directory)/formats"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            let root = try TinyRoot("\(work)/root")
            _ = try lab.importImage("format-directory", root.path)
            let expected = try #require(try rootDigest(of: "format-directory"))
            try Disk.makeFileSystem("\(work)/ext4", "400M", label: "system", from: root.path)
            // In subvolumes, as installers create them. The mounts end with their namespace.
            try BootLab.run(
                "unshare",
                [
                    "--mount", "sh", "-ec",
                    """
                    cd \(work); mkdir mounted
                    truncate -s 400M xfs btrfs; mkfs.xfs -q xfs; mkfs.btrfs -q btrfs
                    mount -o loop xfs mounted; cp -a root/. mounted; umount mounted
                    mount -o loop btrfs mounted; btrfs -q subvolume create mounted/@rootfs
                    cp -a root/. mounted/@rootfs; umount mounted
                    """,
                ])
            let formats = ["vmdk", "vdi", "vhdx"]
            for format in formats {
                try BootLab.run(
                    "qemu-img", ["convert", "-f", "raw", "-O", format, "\(work)/ext4", "\(work)/\(format)"])
            }
            for disk in ["ext4", "xfs", "btrfs"] + formats {
                _ = try lab.importImage("format-\(disk)", "\(work)/\(disk)")
                #expect(try rootDigest(of: "format-\(disk)") == expected, "\(disk)")
            }
        }
    }
}
