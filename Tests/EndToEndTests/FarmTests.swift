import Foundation
import Testing

extension EndToEnd.Machines {
    /// A farm of the field: its ConfigMap as it stands (`Tests/Corpus/farm.yaml`), mounted, watched and booted.
    @Suite struct FarmTests {
        private let lab: BootLab
        private static let mac = "52:54:00:00:00:fa"
        private static let work = "\(BootLab.directory)/farm"
        /// What stands in the ConfigMap in clear.
        private static let token = "2a4576.504356e45fa3d365"
        private static let secret = "7f3a91.c0ffee0123456789"

        init() throws { lab = try BootLab.shared.get() }

        @Test
        func `a farm's ConfigMap does on a node what it says, and a broken line in it changes nothing`()
            throws
        {
            try? FileManager.default.removeItem(atPath: Self.work)
            try FileManager.default.createDirectory(atPath: Self.work, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: Self.work) }
            for name in ["ssh", "journal", "docker"] {
                try Disk.makeFileSystem("\(Self.work)/\(name)", "16M", label: "farm-\(name)")
            }
            try makeImage()
            try lab.roost("group", "add", "/farm")
            try lab.roost("node", "add", "farm-1", "--mac", Self.mac, "--group", "/farm")
            try lab.roost("set", "--group", "/farm", "image=farm", "hosts=127.0.0.2=old-name")
            defer { _ = try? lab.powerOff("farm") }
            let text = try Self.text()
            #expect(text.contains(Self.token) && text.hasPrefix("[default]\n"))
            let map = try KeptMap(lab, text)
            defer { map.remove() }
            try lab.withServer(KeptMap.configuration) {
                var wiretap = try Wiretap("farm-clear")
                try checkEffects(try start(joining: Self.token))
                // In the file it is in clear, on the network it never is; and people do not see it.
                #expect(try wiretap.count("POST /node/\(Self.mac)/configuration?boot=") > 0)
                #expect(try wiretap.count(Self.token) == 0)
                try checkNothingShows(Self.token)
                try lab.powerOff("farm")

                // The token becomes a secret, which the command reads where it runs.
                let minted =
                    text.replacingOccurrences(
                        of: "--token \(Self.token)", with: "--token \\$(cat /etc/kubernetes/bootstrap-token)")
                    + "MARK = two\n"
                try addSecret()
                try map.exchange(minted)
                try lab.waitUntil("the map without the token counts", seconds: 5) {
                    (try? map.value("MARK", of: "farm-1"))?.contains("two") == true
                }
                wiretap = try Wiretap("farm-sealed")
                let second = try start(joining: Self.secret)
                #expect(try lab.ssh(second, "stat -c %a /etc/kubernetes/bootstrap-token") == "600")
                #expect(try wiretap.count("POST /node/\(Self.mac)/configuration?boot=") > 0)
                for word in [Self.token, Self.secret] { #expect(try wiretap.count(word) == 0, "\(word)") }
                try checkNothingShows(Self.secret)
                let shown = try lab.roost("secret", "show", "join-token")
                #expect(shown.contains("farm-1"))
                try lab.powerOff("farm")

                // A line that is broken: the report names it, and the fleet goes on.
                let lineCount = minted.split(separator: "\n", omittingEmptySubsequences: false).count
                try map.exchange(minted + "RCFILE_08_BROKEN =\n[farm-1]\nRCFILE_05_FORWARD = NONE\n")
                try lab.waitUntil("the broken line is told", seconds: 5) {
                    try lab.roost("status").contains("lts.conf:\(lineCount): ")
                }
                #expect(try lab.roost("kept-file", "list").contains("refused"))
                let third = try start(joining: Self.secret)
                #expect(try lab.ssh(third, "cat /proc/sys/net/ipv4/ip_forward") == "1")
                try lab.powerOff("farm")
            }
        }

        /// Each PREINIT, FSTAB and RCFILE of the file, seen from inside.
        private func checkEffects(_ address: String) throws {
            let seen = try lab.ssh(
                address,
                """
                readlink /etc/localtime
                grep -c '^127.0.0.2' /etc/hosts || true
                grep '^ExecStart' /etc/systemd/system/docker.service | cut -d ' ' -f 1-3,8,9
                awk '$3 == "ext4" && $4 ~ /noatime,nodiratime/ { print $2 }' /proc/mounts | sort
                cat /etc/ssh/sshd_config; ls /etc/ssh/ssh_host_rsa_key
                tail -n 1 /root/.ssh/authorized_keys | cut -d ' ' -f 1,3
                cd /proc/sys; cat kernel/unknown_nmi_panic kernel/softlockup_panic
                cat fs/file-max fs/nr_open net/ipv4/neigh/default/gc_thresh1 net/ipv4/neigh/default/gc_thresh2 net/ipv4/neigh/default/gc_thresh3
                cat net/ipv4/ip_forward
                ls -d /sys/module/netconsole /sys/module/br_netfilter
                """)
            #expect(
                seen == """
                    /usr/share/zoneinfo/Europe/Prague
                    0
                    ExecStart=/usr/bin/dockerd -H fd:// --log-driver=json-file --log-opt=max-size=10m
                    /etc/ssh
                    /var/lib/docker
                    /var/log/journal
                    # of the image
                    /etc/ssh/ssh_host_rsa_key
                    ssh-rsa admin@kubernetes
                    1
                    1
                    20000000
                    20000000
                    80000
                    90000
                    100000
                    1
                    /sys/module/br_netfilter
                    /sys/module/netconsole
                    """)
            #expect(try lab.failedSteps(of: "farm-1") == [])
        }

        /// No file of the server has it in clear, and no command shows it. Commands of a configuration are shown, so a token in them is, too.
        private func checkNothingShows(_ word: String) throws {
            var shown = [try lab.roost("history"), try lab.roost("kept-file", "list"), lab.log("roost")]
            if word == Self.secret {
                shown += [try lab.roost("node", "show", "farm-1"), try lab.roost("node", "steps", "farm-1")]
            }
            for text in shown { #expect(!text.contains(word), "\(text)") }
            #expect(
                throws: CommandFailed.self,
                performing: { try BootLab.run("grep", ["-rqF", word, "\(BootLab.stateDirectory)/store"]) })
        }

        private func addSecret() throws {
            let file = "\(Self.work)/token"
            try Data(Self.secret.utf8).write(to: URL(fileURLWithPath: file))
            try lab.roost(
                "secret", "add", "join-token", "@\(file)", "--group", "/farm", "--arm", "each-boot", "--path",
                "/etc/kubernetes/bootstrap-token")
        }

        /// Boots with the three volumes, and waits for the last command, which joins with a token.
        private func start(joining token: String) throws -> String {
            let disks = ["ssh", "journal", "docker"].flatMap {
                ["--qemu", "-drive", "--qemu", "file=\(Self.work)/\($0),format=raw,if=virtio"]
            }
            try lab.bootDirectly("farm", mac: Self.mac, disks)
            try lab.waitForStage("ready", of: "farm-1")
            let address = try lab.address(of: "farm-1")
            try lab.waitUntil("it has joined", seconds: 120) {
                (try? lab.ssh(address, "cat /run/joined")) != nil
            }
            let joined = try lab.ssh(address, "cat /run/joined")
            #expect(
                joined
                    == "join --token \(token) 10.9.0.20:6443 --discovery-token-ca-cert-hash sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            )
            try lab.waitUntil("its last step is known", seconds: 60) {
                try lab.outcomes(of: "farm-1").contains { $0.key.hasSuffix("JOIN_K8S") }
            }
            return address
        }

        /// The file of the ConfigMap.
        private static func text() throws -> String {
            let map = try String(
                contentsOfFile: "\(BootLab.repository)/Tests/Corpus/farm.yaml", encoding: .utf8)
            let lines = map.split(separator: "\n", omittingEmptySubsequences: false)
            return lines.drop { $0 != "  lts.conf: |" }.dropFirst().map { String($0.dropFirst(4)) }
                .joined(separator: "\n")
        }

        /// A tiny system with what the farm's image brings: services, programs and volumes by their names.
        private func makeImage() throws {
            let root = try TinyRoot("\(Self.work)/root")
            defer { root.remove() }
            for place in ["etc/ssh", "etc/systemd/system"] {
                try FileManager.default.createDirectory(
                    atPath: "\(root.path)/\(place)", withIntermediateDirectories: true)
            }
            try root.write("# of the image\n", to: "etc/ssh/sshd_config")
            try root.write("[Service]\nExecStart=/usr/bin/dockerd\n", to: "etc/systemd/system/docker.service")
            try root.write("#!/bin/sh\necho key >/etc/ssh/ssh_host_rsa_key\n", to: "usr/bin/ssh-keygen")
            // What it is given is seen by nothing but this file.
            try root.write("#!/bin/sh\numask 077\necho \"$*\" >/run/joined\n", to: "usr/bin/kubeadm")
            let script = try String(contentsOfFile: "\(root.path)/etc/init.d/rcS", encoding: .utf8)
            // In place of LVM, ifupdown and systemd.
            let volumes = """
                modprobe virtio_blk
                modprobe bridge
                mkdir -p /dev/data
                for name in ssh journal docker; do ln -sf "$(findfs LABEL=farm-$name)" /dev/data/$name; done
                ip link add vmbr0 type bridge
                ip address add 10.9.255.254/16 dev vmbr0
                ip link set vmbr0 up
                mount -a
                /run/roost/roost-node report ready
                """
            let whole = script.replacingOccurrences(of: "/run/roost/roost-node report ready", with: volumes)
            #expect(whole != script)
            try root.write(whole, to: "etc/init.d/rcS")
            for name in ["usr/bin/ssh-keygen", "usr/bin/kubeadm", "etc/init.d/rcS"] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: "\(root.path)/\(name)")
            }
            try lab.importImage("farm", root.path)
        }
    }
}
