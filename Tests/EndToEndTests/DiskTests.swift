import Foundation
import Testing

extension EndToEnd {
    /// Disks: images made of them, and what nodes do with their own.
    @Suite struct DiskTests {
        private let lab: BootLab
        private static let handover = "roost: starting /sbin/init"
        private static let sector = 512

        init() throws { lab = try BootLab.shared.get() }

        /// A disk with these files as its partitions, of the types that an MBR has for them (131 Linux, 130 swap).
        private func makeDisk(_ path: String, _ partitions: [(file: String, type: UInt8)]) throws {
            var table = Data(count: Self.sector)
            var start = 2_048
            try Data().write(to: URL(fileURLWithPath: path))
            for (index, partition) in partitions.enumerated() {
                let attributes = try FileManager.default.attributesOfItem(atPath: partition.file)
                let count = (attributes[.size] as? Int ?? 0) / Self.sector
                let entry = 446 + 16 * index
                table[entry + 4] = partition.type
                for byte in 0..<4 {
                    table[entry + 8 + byte] = UInt8(truncatingIfNeeded: start >> (8 * byte))
                    table[entry + 12 + byte] = UInt8(truncatingIfNeeded: count >> (8 * byte))
                }
                try BootLab.run(
                    "dd",
                    [
                        "if=\(partition.file)", "of=\(path)", "bs=1M", "seek=\(start / 2_048)",
                        "conv=notrunc,sparse",
                        "status=none",
                    ])
                start += (count + 2_047) / 2_048 * 2_048
            }
            (table[510], table[511]) = (0x55, 0xAA)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.write(contentsOf: table)
            try file.truncate(atOffset: UInt64(start * Self.sector))
            try file.close()
        }

        private func makeFileSystem(_ path: String, _ size: String, label: String, from root: String? = nil)
            throws
        {
            try? FileManager.default.removeItem(atPath: path)
            try BootLab.run(
                "mke2fs",
                ["-q", "-F", "-t", "ext4", "-L", label] + (root.map { ["-d", $0] } ?? []) + [path, size])
        }

        private func rootDigest(of image: String) throws -> String? {
            let versions = try lab.json("image", "list") as? [[String: Any]] ?? []
            let version = versions.last { $0["image"] as? String == image }
            let manifest = version?["manifest"] as? [String: Any]
            let files = manifest?["files"] as? [[String: Any]]
            return files?.first { $0["name"] as? String == "root.squashfs" }?["sha256"] as? String
        }

        private func importImage(_ name: String, _ path: String) throws -> String {
            try BootLab.run(
                BootLab.roost,
                [
                    "image", "import", name, path, "--state-directory", BootLab.stateDirectory, "--cache",
                    BootLab.cache,
                ], environment: ["ROOST_SOCKET": BootLab.socket])
        }

        @Test func `a disk becomes an image, raw or qcow2, with its kernel on a partition of its own`() throws
        {
            let work = "\(BootLab.directory)/disk"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            let digest = try #require(
                images.first { $0["image"] as? String == "debian" }?["digest"] as? String)
            let root = "\(work)/root"
            try BootLab.run(
                "unsquashfs",
                ["-q", "-n", "-d", root, "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs"])
            try BootLab.run("mv", ["\(root)/boot", "\(work)/boot"])
            try FileManager.default.createDirectory(
                atPath: "\(root)/boot", withIntermediateDirectories: false)
            // A node that mounted this would wait for a disk that it does not have.
            try Data("LABEL=boot /boot ext4 defaults 0 2\nUUID=0-0 /nothing ext4 defaults 0 2\n".utf8).write(
                to: URL(fileURLWithPath: "\(root)/etc/fstab"))
            try makeFileSystem("\(work)/boot.ext4", "64M", label: "boot", from: "\(work)/boot")
            try makeFileSystem("\(work)/root.ext4", "1500M", label: "system", from: root)
            try makeDisk("\(work)/disk.raw", [("\(work)/boot.ext4", 131), ("\(work)/root.ext4", 131)])
            try FileManager.default.removeItem(atPath: root)

            #expect(try importImage("disked", "\(work)/disk.raw").hasPrefix("disked@1 "))
            try BootLab.run("qemu-img", ["convert", "-O", "qcow2", "\(work)/disk.raw", "\(work)/disk.img"])
            #expect(try importImage("disked-again", "\(work)/disk.img").hasPrefix("disked-again@1 "))
            #expect(try rootDigest(of: "disked") != nil)
            #expect(try rootDigest(of: "disked") == rootDigest(of: "disked-again"))
            #expect(try !BootLab.run("cat", ["/proc/mounts"]).contains(work))

            // A disk that would make the importer read another file, and one without a system.
            try BootLab.run(
                "qemu-img",
                ["create", "-q", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw", "\(work)/trap.qcow2", "1M"])
            let trap = #expect(throws: CommandFailed.self) { try importImage("trap", "\(work)/trap.qcow2") }
            #expect(trap?.output.contains("leans on another file") == true)
            let empty = #expect(throws: CommandFailed.self) { try importImage("empty", "\(work)/boot.ext4") }
            #expect(empty?.output.contains("there is no system on the disk") == true)
            // One whose links would have this host's root packed.
            try BootLab.run(
                "sh",
                [
                    "-ec",
                    "mkdir '\(work)/links'; ln -s / '\(work)/links/root'; ln -s /etc '\(work)/links/etc'",
                ])
            try makeFileSystem("\(work)/links.ext4", "8M", label: "system", from: "\(work)/links")
            let links = #expect(throws: CommandFailed.self) { try importImage("links", "\(work)/links.ext4") }
            #expect(links?.output.contains("there is no system on the disk") == true)

            let mac = "52:54:00:00:00:8c"
            try lab.roost("node", "add", "disked", "--mac", mac)
            try lab.roost("set", "--node", "disked", "image=disked")
            try lab.boot("disked", mac: mac, expecting: [Self.handover])
            defer { _ = try? lab.powerOff("disked") }
            try lab.waitForStage("ready", of: "disked")
            #expect(try lab.ssh(lab.address(of: "disked"), "test -e /etc/fstab || echo none") == "none")
        }

        @Test
        func
            `disks of every virtual machine, and of every file system that roots are on, give the same root`()
            throws
        {
            let work = "\(BootLab.directory)/formats"
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            let root = try SmallRoot("\(work)/root", of: lab)
            _ = try importImage("format-directory", root.path)
            let expected = try #require(try rootDigest(of: "format-directory"))
            try makeFileSystem("\(work)/ext4", "400M", label: "system", from: root.path)
            // In subvolumes, as installers make them. The mounts go with their namespace.
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
                _ = try importImage("format-\(disk)", "\(work)/\(disk)")
                #expect(try rootDigest(of: "format-\(disk)") == expected, "\(disk)")
            }
        }

        @Test func `a node keeps directories on its own disk, and swaps to memory, disk and the server`()
            throws
        {
            let (work, mac) = ("\(BootLab.directory)/local", "52:54:00:00:00:8d")
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            try makeFileSystem("\(work)/data.ext4", "128M", label: "roost-data")
            try BootLab.run("truncate", ["-s", "64M", "\(work)/swap"])
            try BootLab.run("mkswap", ["-q", "\(work)/swap"])
            try makeDisk("\(work)/disk", [("\(work)/data.ext4", 131), ("\(work)/swap", 130)])
            try lab.roost("node", "add", "local", "--mac", mac)
            try lab.roost(
                "set", "--node", "local", "persistent-directories=/var/lib/kept,/etc/ssh",
                "persistent-disk=roost-data",
                "swap=zram:25%,disk,server:512M")
            defer { _ = try? lab.powerOff("local") }
            // By SATA: controller, port and disk show up one after the other, each with a driver of its own.
            func start() throws -> String {
                try lab.boot(
                    "local", mac: mac,
                    ["--mem", "448", "--qemu", "-drive", "--qemu", "file=\(work)/disk,format=raw,if=ide"],
                    expecting: [Self.handover])
                try lab.waitForStage("ready", of: "local")
                return try lab.address(of: "local")
            }
            func details(of stage: String) throws -> String {
                let node = try lab.json("node", "show", "local") as? [String: Any]
                let boots = node?["boots"] as? [[String: Any]]
                let entries = boots?.first?["entries"] as? [[String: Any]] ?? []
                return entries.first { $0["stage"] as? String == stage }?["detail"] as? String ?? ""
            }

            let first = try start()
            #expect(try details(of: "root").contains("directories on /dev/sda1"))
            #expect(try details(of: "configured").contains("disk /dev/sda2, server 512 MiB, encrypted"))
            #expect(
                try lab.ssh(
                    first, "ls /dev/zram0 && awk 'NR > 1 { print $1 }' /proc/swaps | sort | tr '\\n' ' '")
                    == "/dev/zram0\n/dev/dm-0 /dev/sda2 /dev/zram0")
            try lab.ssh(first, "echo local >/var/lib/kept/file; sync")
            // Memory that has gone to the server and come back is the same, and nobody could have read it there.
            let marker = "the server must not read this"
            let swapped = try lab.ssh(
                first,
                """
                swapoff /dev/zram0 /dev/sda2; mount -t tmpfs -o size=360M none /mnt
                yes '\(marker)' | head -c 340M | tee /mnt/x | sha256sum; sha256sum </mnt/x
                awk '$1 == "/dev/dm-0" { print ($4 > 20000) ? "used" : "not used" }' /proc/swaps
                """, timeout: 300
            ).split(separator: "\n").map(String.init)
            #expect(
                swapped.count == 3 && swapped.first == swapped.dropFirst().first && swapped.last == "used",
                "\(swapped)")
            let directory = "\(BootLab.stateDirectory)/volumes/local"
            func swaps() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: directory).filter {
                    $0.hasSuffix(".swap")
                }
            }
            let before = try swaps()
            #expect(before.count == 1)
            let found = try? BootLab.run("grep", ["-c", "-a", marker, "\(directory)/\(before.first ?? "")"])
            #expect(found == nil, "the server's file holds plain text")

            // The power is cut: the directory is there again, the swap is another one, and SSH knows the node.
            let key = try lab.ssh(first, "cat /etc/ssh/ssh_host_ed25519_key.pub")
            try lab.powerOff("local")
            let second = try start()
            #expect(
                try lab.ssh(second, "cat /var/lib/kept/file /etc/ssh/ssh_host_ed25519_key.pub")
                    == "local\n\(key)")
            #expect(try swaps().count == 1 && swaps() != before)
            try lab.powerOff("local")

            // Without its disk the node comes up all the same, and says what is missing.
            try lab.roost("set", "--node", "local", "persistent-disk=gone", "swap=server:64M")
            _ = try start()
            #expect(try details(of: "root").contains("nothing is kept: there is no disk with the label gone"))
            for wrong in ["swap=zram:0%", "swap=server", "persistent-disk=a b"] {
                #expect(throws: CommandFailed.self, "\(wrong)") {
                    try lab.roost("set", "--node", "local", wrong)
                }
            }
        }
    }
}
