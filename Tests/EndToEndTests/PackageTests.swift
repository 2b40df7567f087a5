import Foundation
import Testing

extension EndToEnd.Systems {
    /// The packages under a real systemd, from installation to removal; and the installation without packages.
    @Suite struct PackageTests {
        private static let mac = "52:54:00:00:00:01"

        @Test func `make uninstall removes what make install installed`() throws {
            let place = NSTemporaryDirectory() + "roost-install-" + UUID().uuidString
            defer { try? FileManager.default.removeItem(atPath: place) }
            func make(_ targets: String...) throws {
                try BootLab.run(
                    "make", ["--no-print-directory"] + targets + ["DESTDIR=\(place)"], in: BootLab.repository)
            }
            func files() throws -> Set<Substring> {
                Set(
                    try BootLab.run("find", [place, "!", "-type", "d", "-printf", "%P\n"]).split(
                        separator: "\n"))
            }
            // Skips the earlier part of `install`: nothing is compiled here.
            try make("manual-pages", "install-files")
            let missing = Set([
                "usr/local/bin/roost", "usr/local/lib/roost/roost-node", "etc/systemd/system/roost.service",
                "usr/local/lib/tmpfiles.d/roost.conf", "usr/local/lib/sysusers.d/roost.conf",
            ]).subtracting(try files().map(String.init))
            #expect(missing == [])
            try make("uninstall")
            #expect(try files() == [])
        }

        @Test(.enabled(if: DebianContainer.obstacle == nil, "\(DebianContainer.obstacle ?? "")"))
        func `the packages serve under systemd, survive failures of the server, and leave nothing behind`()
            throws
        {
            let debian = try DebianContainer()
            try debian.install("/packages/*.deb")
            let before = try files(debian)
            try checkInstallation(debian)
            try checkStart(debian)
            try checkFirstMachine(debian)
            try checkReload(debian)
            try checkRights(debian)
            try checkWorkers(debian)
            try checkDeath(debian)
            try checkUpgrade(debian)
            try checkRestart(debian)
            try checkStop(debian)
            try checkRemoval(debian, before)
        }

        /// It is not started: first it must know which interface to serve on.
        private func checkInstallation(_ debian: DebianContainer) throws {
            try debian.install("/debs/roost.deb /debs/roost-node.deb")
            #expect(
                try debian("getent passwd roost | cut -d: -f6,7; stat -c %F /var/lib/roost /run/roost")
                    == "/var/lib/roost:/usr/sbin/nologin\ndirectory\ndirectory\n")
            #expect(
                try debian("systemctl is-enabled roost || true; systemctl is-active roost || true")
                    == "disabled\ninactive\n")
            try debian("echo 'interfaces: [br0]' >/etc/roost/roost.yaml")
        }

        /// When the command returns, it serves.
        private func checkStart(_ debian: DebianContainer) throws {
            try debian("systemctl enable --now roost")
            #expect(try debian("roost status").contains("dhcp tftp http nbd center"))
            let findings = try debian("roost doctor || true")
            #expect(!findings.contains("PROBLEM"), "\(findings)")
            #expect(try workers(debian).count == 2)
        }

        /// With the README's commands: an image, and a machine that is switched on.
        private func checkFirstMachine(_ debian: DebianContainer) throws {
            try debian("roost node add kept --mac \(Self.mac)")
            try debian("roost image import tiny /tiny")
            try debian("roost set console=ttyS0 'kernel-arguments=mitigations=off no_timer_check'")
            _ = try Spans.measure("boot", "kept, direct") {
                try BootLab.lab(
                    "boot", "kept", "--mac", Self.mac, "--direct", "--keep", "--timeout",
                    String(Pace.seconds(100)), "--expect", BootLab.handover)
            }
            try Pace.wait(60, until: "the machine is ready") { try isReady(debian) }
        }

        private func isReady(_ debian: DebianContainer) throws -> Bool {
            try debian("roost node list").split(separator: "\n").contains {
                $0.hasPrefix("kept ") && $0.contains(" ready ")
            }
        }

        /// Files of the server's user stay its own, even those that systemd would have given to root.
        private func checkReload(_ debian: DebianContainer) throws {
            // The worker in its sandbox makes the certificate that is missing then.
            let certificate = "/var/lib/roost/center/certificate.pem"
            #expect(try debian("systemctl show -P PrivateNetwork 'roost-certificates-*'") == "yes\n")
            try debian(
                "echo 'domain: room.example' >>/etc/roost/roost.yaml; rm \(certificate); systemctl reload roost"
            )
            try Pace.wait(10, until: "it is reloaded") { try said(debian).contains("\nreloaded: ") }
            try Pace.wait(20, until: "the certificate is there again") {
                (try? debian("test -s \(certificate)")) != nil
            }
            try expectNoComplaints(debian)
            let foreign = try debian(
                "cd /var/lib/roost; find store logs volumes images/tiny /run/roost -maxdepth 1 ! -user roost")
            #expect(foreign == "")
            #expect(try debian("stat -c '%U %G %a' /var/lib/roost") == "root roost 710\n")
        }

        private func checkRights(_ debian: DebianContainer) throws {
            let threads = try debian(
                """
                cd /proc/$(systemctl show -P MainPID roost)/task
                for thread in *; do
                  awk '/^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs):/ { printf "%s ", $0 } END { print "" }' $thread/status
                done | tr -s '\\t ' ' ' | sort -u
                id -u roost; id -g roost
                """)
            let lines = threads.split(separator: "\n").map(String.init)
            #expect(lines.count == 3, "\(threads)")
            guard lines.count == 3 else { return }
            let (user, group) = (lines[1], lines[2])
            let none = "0000000000000000"
            #expect(
                lines[0].trimmingCharacters(in: .whitespaces)
                    == "Uid: \(user) \(user) \(user) \(user) Gid: \(group) \(group) \(group) \(group) Groups: CapInh: \(none) CapPrm: \(none) CapEff: \(none) CapAmb: \(none) NoNewPrivs: 1"
            )
        }

        /// They gain no rights, and have none to change the kernel or its clock, or to send and receive raw packets.
        private func checkWorkers(_ debian: DebianContainer) throws {
            let text = try debian(
                """
                for unit in $(systemctl list-units --plain --no-legend 'roost-*.service' | cut -d ' ' -f 1); do
                  awk '/^(NoNewPrivs|CapBnd):/ { printf "%s ", $2 } END { print "" }' \
                    /proc/$(systemctl show -P MainPID $unit)/status
                done
                """)
            let workers = text.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(workers.count == 2, "\(text)")
            // Numbers of capabilities(7): NET_RAW, SYS_MODULE, SYS_RAWIO, SYS_BOOT, SYS_TIME, SYSLOG.
            let never = [13, 16, 17, 22, 25, 34].reduce(UInt64(0)) { $0 | 1 << $1 }
            for words in workers {
                let bounds = words.first.flatMap { UInt64($0, radix: 16) } ?? .max
                #expect(words.last == "1" && bounds & never == 0, "\(text)")
            }
        }

        private func checkDeath(_ debian: DebianContainer) throws {
            let first = try mainProcess(debian)
            try debian("kill -KILL \(first)")
            try Pace.wait(20, until: "systemd has started it again") {
                (try? debian("roost status")) != nil
            }
            #expect(try mainProcess(debian) != first)
            try expectNothingLost(debian)
            // Those of the server that died ended with it.
            #expect(try workers(debian).count == 2)
        }

        private func checkUpgrade(_ debian: DebianContainer) throws {
            let first = try mainProcess(debian)
            try debian.install("/debs/roost-next.deb /debs/roost-node-next.deb")
            #expect(
                try debian("dpkg-query -Wf '${Version}\\n' roost roost-node").split(separator: "\n")
                    .allSatisfy { $0.hasSuffix("+next") })
            #expect(try mainProcess(debian) != first)
            try expectNothingLost(debian)
            #expect(try debian("tail -n 1 /etc/roost/roost.yaml") == "domain: room.example\n")
            try expectNoComplaints(debian)
        }

        /// All of the system's runtime files are new then.
        private func checkRestart(_ debian: DebianContainer) throws {
            try BootLab.lab("stop", "kept")
            try debian.restart()
            try Pace.wait(20, until: "the server is up") { (try? debian("roost status")) != nil }
            try expectNothingLost(debian)
        }

        private func checkStop(_ debian: DebianContainer) throws {
            try debian("systemctl stop roost")
            #expect(
                try debian("systemctl show -P Result roost; systemctl show -P ActiveState roost")
                    == "success\ninactive\n")
            #expect(try workers(debian) == [])
            #expect(try debian("pgrep -x roost || true; ls /run/roost") == "")
            try expectNoComplaints(debian)
        }

        private func checkRemoval(_ debian: DebianContainer, _ before: Set<Substring>) throws {
            try debian("systemctl start roost; apt-get -qq remove roost roost-node")
            #expect(try debian("pgrep -x roost || true; ls -d /run/roost 2>/dev/null || true") == "")
            #expect(
                try debian("ls /etc/roost; ls -d /var/lib/roost/images/tiny")
                    == "roost.yaml\n/var/lib/roost/images/tiny\n")
            // It was enabled, so it is started when it returns.
            try debian.install("/debs/roost-next.deb /debs/roost-node-next.deb")
            try Pace.wait(20, until: "the server is up") { (try? debian("roost status")) != nil }
            try expectNothingLost(debian)
            try debian("apt-get -qq purge roost roost-node")
            let after = try files(debian)
            #expect(after.subtracting(before) == [])
            #expect(before.subtracting(after) == [])
        }

        // MARK: Observations

        /// All files of the system, except temporary ones.
        private func files(_ debian: DebianContainer) throws -> Set<Substring> {
            let all = try debian("find / /run/roost -xdev -not -path '*/tmp/*' 2>/dev/null || true")
            return Set(all.split(separator: "\n"))
        }

        private func mainProcess(_ debian: DebianContainer) throws -> String {
            try debian("systemctl show -P MainPID roost").trimmingCharacters(in: .newlines)
        }

        private func workers(_ debian: DebianContainer) throws -> [Substring] {
            try debian("systemctl list-units --plain --no-legend 'roost-*.service'").split(separator: "\n")
        }

        /// Messages of the server and its workers since the system's start.
        private func said(_ debian: DebianContainer) throws -> String {
            try debian("journalctl --boot --output cat --unit roost --unit 'roost-*'")
        }

        /// Lines that indicate trouble, from the server or from a library.
        private func expectNoComplaints(_ debian: DebianContainer) throws {
            // systemd's own, about a unit without network (`PrivateNetwork`): this container may configure no network, a host may.
            let ofContainer = "Failed to configure loopback network device, ignoring: "
            let complaints = try said(debian).split(separator: "\n").filter { line in
                ["error", "warning", "Failed"].contains { line.hasPrefix($0) } && !line.hasPrefix(ofContainer)
            }
            #expect(complaints == [])
        }

        private func expectNothingLost(_ debian: DebianContainer) throws {
            #expect(try debian("roost node list").contains("kept "))
            #expect(try debian("roost image list").contains("tiny@1"))
            #expect(try debian("roost lease list").contains(Self.mac))
        }
    }
}
