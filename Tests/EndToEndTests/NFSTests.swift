import Foundation
import Testing

extension EndToEnd.Machines {
    /// Roots from a separate NFS server: NFS-Ganesha.
    @Suite struct NFSTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private static let macs = ["52:54:00:00:00:91", "52:54:00:00:00:92"]
        private func start(_ number: Int) throws -> String {
            try lab.bootDirectly("nfs\(number)", mac: Self.macs[number - 1])
            try lab.waitForStage("ready", of: "nfs-\(number)")
            return try lab.address(of: "nfs-\(number)")
        }

        @Test
        func `nodes share an image by NFS, or write to their own copy that no other node can reach`() throws {
            try lab.roost("group", "add", "/nfs")
            defer { for number in 1...2 { _ = try? lab.powerOff("nfs\(number)") } }
            for number in 1...2 {
                try lab.roost(
                    "node", "add", "nfs-\(number)", "--mac", Self.macs[number - 1], "--group", "/nfs")
            }
            try lab.roost("set", "--group", "/nfs", "root-mode=nfs")
            #expect(try lab.roost("node", "explain", "nfs-1").contains("role nfs of this server is off"))
            let map = try KeptMap(lab, KeptMap.text(mark: "one"))
            defer { map.remove() }
            try lab.withServer("\(Ganesha.configuration)\n\(KeptMap.configuration)") {
                #expect(lab.log("roost").contains("NFS-Ganesha is not running"))
                try Ganesha.start(lab)
                defer { Ganesha.stop() }
                // It fails when anything is wrong, such as the laboratory's missing default route.
                let doctor = try BootLab.lab([
                    "exec", "sh", "-c",
                    "\(BootLab.roost) doctor --configuration \(BootLab.directory)/other.yaml || true",
                ])
                #expect(doctor.contains("nfs: a server listens on port 2049"))
                try makeOwnRoot()
                try useSharedRoot(map)
                try keepAndResetOwnRoot()
            }
        }

        /// This machine's kernel has no NFS server; its tool reads the file, and prints what it would give to the kernel.
        @Test func `the kernel's server reads the exports as intended`() throws {
            let directory = "\(BootLab.directory)/exports"
            let utilities = "\(BootLab.repository)/.build/nfs-utils/usr"
            try FileManager.default.createDirectory(
                atPath: "\(directory)/trees/pc-1/2", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: "\(directory)/images", withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let order =
                #"{"export":{"networks":["10.77.0.0/24","10.78.0.0/22"],"clients":["pc-1","10.77.0.9"]}}"#
            let script = """
                set -e
                mount -t tmpfs none /usr/local/sbin
                mount -t tmpfs none /var/lib/misc
                mkdir -p /var/lib/misc/etc/exports.d /var/lib/misc/work
                mount -t overlay -o lowerdir=/etc,upperdir=/var/lib/misc/etc,workdir=/var/lib/misc/work none /etc
                mkdir -p /var/lib/misc/lib/nfs /var/lib/misc/work2
                mount -t overlay -o lowerdir=/var/lib,upperdir=/var/lib/misc/lib,workdir=/var/lib/misc/work2 none /var/lib
                touch /etc/exports /var/lib/nfs/etab
                cp '\(utilities)/sbin/exportfs' /usr/local/sbin/
                echo '\(order)' | LD_LIBRARY_PATH='\(utilities)/lib/x86_64-linux-gnu' '\(BootLab.roost)' nfs-worker \
                  --images '\(directory)/images' --trees '\(directory)/trees' --server kernel \
                  --file /etc/exports.d/roost.exports --pid-file /none
                cat /var/lib/nfs/etab
                """
            let output = try BootLab.run(
                "env", ["unshare", "--mount", "--propagation=private", "sh", "-c", script])
            let lines = output.split(separator: "\n")
            #expect(lines.first == "{}")
            for (path, client, words) in [
                ("images", "10.77.0.0/24", ["ro", "async"]), ("images", "10.78.0.0/22", ["ro", "async"]),
                ("trees/pc-1/2", "10.77.0.9", ["rw", "sync"]),
            ] {
                let line = lines.first { $0.hasPrefix("\(directory)/\(path)\t\(client)(") } ?? ""
                let options = line.split(whereSeparator: { "(),".contains($0) })
                #expect(
                    (words + ["no_root_squash", "no_subtree_check"]).allSatisfy { options.contains($0[...]) },
                    "\(output)")
            }
        }

        private static var tree: String { "\(BootLab.stateDirectory)/trees/nfs-2/1" }

        private func makeOwnRoot() throws {
            try lab.roost("set", "--node", "nfs-2", "nfs-root=own")
            let node = try start(2)
            #expect(try lab.ssh(node, "awk '$2 == \"/\" { print $3 }' /proc/mounts") == "nfs4")
            #expect(try lab.roost("volume", "list").contains("tree"))
            try BootLab.requireDocumented("volumes/nfs-2", "Volume")
            try lab.ssh(
                node,
                "set -e; echo kept >/etc/kept; echo someone:x:1000:1000::/:/bin/sh >>/etc/passwd; chown someone /etc/kept; sync"
            )
            #expect(try String(contentsOfFile: "\(Self.tree)/etc/kept", encoding: .utf8) == "kept\n")
            #expect(throws: (any Error).self) { try lab.roost("volume", "rm", "nfs-2") }
            #expect(throws: (any Error).self) { try lab.roost("volume", "snapshot", "nfs-2", "x") }
            try lab.powerOff("nfs2")
        }

        private func useSharedRoot(_ map: KeptMap) throws {
            let node = try start(1)
            let mounted = try lab.ssh(node, "grep ' /run/roost/nfs ' /proc/mounts")
            for word in ["nfs4", "ro,", "hard", "timeo=600", "retrans=2", "vers=4.1"] {
                #expect(mounted.contains(word), "\(mounted)")
            }
            let ahead =
                "cat /sys/class/bdi/$(awk '$5 == \"/run/roost/nfs\" { print $3 }' /proc/self/mountinfo)/read_ahead_kb"
            #expect(try lab.ssh(node, ahead) == "4096")
            #expect(try lab.ssh(node, "grep -c nbd0 /proc/mounts || true") == "0")
            let shown = try lab.json("image", "show", "tiny") as? [String: Any]
            #expect(shown?["openConnections"] as? Int ?? 0 >= 1)
            try map.check("nfs-1", at: node)
            try map.change("nfs-1")
            try lab.ssh(node, "echo mine >/etc/mine; sha256sum /usr/bin/busybox >/dev/null")
            // It is not the machine that the tree belongs to.
            func mount(_ path: String) throws -> String {
                try lab.ssh(
                    node,
                    "mount -t nfs4 -o vers=4.1,addr=10.77.0.1 10.77.0.1:\(path) /mnt 2>&1 && umount /mnt && echo given",
                    timeout: 200)
            }
            #expect(try mount("\(BootLab.stateDirectory)/images") == "given")
            #expect(throws: (any Error).self) { try mount(Self.tree) }
            try lab.powerOff("nfs1")
        }

        private func keepAndResetOwnRoot() throws {
            var node = try start(2)
            #expect(try lab.ssh(node, "cat /etc/kept; stat -c %U /etc/kept") == "kept\nsomeone")
            // It continues with what it has, and starts over when it boots again.
            try lab.roost("volume", "reset", "nfs-2")
            #expect(try lab.ssh(node, "cat /etc/kept; touch /etc/still && echo writes") == "kept\nwrites")
            try lab.powerOff("nfs2")
            node = try start(2)
            #expect(try lab.ssh(node, "test -e /etc/kept || echo golden") == "golden")
            try lab.waitUntil("the tree before is gone", seconds: 60) {
                !FileManager.default.fileExists(atPath: Self.tree)
            }
            try lab.powerOff("nfs2")
        }
    }
}
