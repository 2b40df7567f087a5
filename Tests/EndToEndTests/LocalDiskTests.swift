import Foundation
import Testing

extension EndToEnd.Systems {
    /// Nodes' own disks, on controllers that every computer has: a kernel for virtual machines has no drivers for them.
    @Suite struct LocalDiskTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        @Test func `a node keeps directories on its own disk, and swaps to memory, disk and the server`()
            throws
        {
            let (work, mac) = ("\(BootLab.directory)/local", "52:54:00:00:00:8d")
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            try Disk.makeFileSystem("\(work)/data.ext4", "128M", label: "roost-data")
            try BootLab.run("truncate", ["-s", "64M", "\(work)/swap"])
            try BootLab.run("mkswap", ["-q", "\(work)/swap"])
            try Disk.make("\(work)/disk", [("\(work)/data.ext4", 131), ("\(work)/swap", 130)])
            let root = try TinyRoot("\(work)/root", .physical)
            try lab.importImage("local", root.path)
            root.remove()
            try lab.roost("node", "add", "local", "--mac", mac)
            try lab.roost(
                "set", "--node", "local", "image=local",
                "persistent-directories=/var/lib/kept,/etc/dropbear",
                "persistent-disk=roost-data",
                "swap=zram:25%,disk,server:512M")
            defer { _ = try? lab.powerOff("local") }
            // By SATA: controller, port and disk appear one after the other, each with its own driver.
            func start() throws -> String {
                try lab.bootDirectly(
                    "local", mac: mac,
                    ["--mem", "256", "--qemu", "-drive", "--qemu", "file=\(work)/disk,format=raw,if=ide"],
                    expecting: [BootLab.handover])
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
            // Memory that was swapped to the server and back is unchanged, and could not be read there.
            let marker = "the server must not read this"
            let swapped = try lab.ssh(
                first,
                """
                for device in /dev/zram0 /dev/sda2; do swapoff $device; done; mount -t tmpfs -o size=360M none /mnt
                used() { awk '$1 == "/dev/dm-0" { print $4 }' /proc/swaps; }
                part() { yes '\(marker)' | head -c 10485760; }
                count=0
                while [ "$(used)" -le 20000 ] && [ $count -lt 34 ]; do
                  part >>/mnt/x; count=$((count + 1))
                done
                [ "$(used)" -gt 20000 ] && echo used
                # Pages written first were swapped out first, and leave the swap when they are read.
                { part; part; } | cmp -n 20971520 - /mnt/x && echo the same
                """, timeout: 300
            ).split(separator: "\n").map(String.init)
            #expect(
                swapped == ["used", "the same"],
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

            // The power is cut: the directory is there again, the swap is a new one, and SSH knows the node.
            let key = try lab.ssh(first, "dropbearkey -y -f /etc/dropbear/key")
            try lab.powerOff("local")
            let second = try start()
            #expect(
                try lab.ssh(second, "cat /var/lib/kept/file; dropbearkey -y -f /etc/dropbear/key")
                    == "local\n\(key)")
            #expect(try swaps().count == 1 && swaps() != before)
            try lab.powerOff("local")

            // Without its disk the node comes up all the same, and reports what is missing.
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
