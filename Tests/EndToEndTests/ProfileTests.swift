import Foundation
import Testing

private let kubectlPath = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].first {
    FileManager.default.isExecutableFile(atPath: $0)
}
private let kubectlObstacle =
    kubectlPath == nil ? "kubectl is not installed (apt install kubernetes-client)" : nil

extension EndToEnd.Systems {
    /// The examples of whole setups: built, set up with the commands of their pages in the guide, and booted.
    @Suite struct ProfileTests {
        private static let examples = "\(BootLab.repository)/Examples"
        /// Half the size of the one for all hardware, and enough for machines of the laboratory.
        private static let smallKernel = ["--build-arg", "KERNEL=linux-image-cloud-amd64"]

        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        /// An administrator's host, in the laboratory's network.
        private func inside(_ words: [String], environment: [String: String] = [:]) throws -> String {
            try BootLab.run(
                "ip", ["netns", "exec", BootLab.namespace] + words, environment: environment
            ).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func addSecret(_ name: String, _ file: String, _ path: String, _ more: String...) throws {
            try BootLab.run(
                BootLab.roost,
                ["secret", "add", name, "@\(file)", "--path", path, "--arm", "each-boot"] + more,
                environment: ["ROOST_SOCKET": BootLab.socket])
        }

        // MARK: Kubernetes

        /// `kubectl` as the cluster's administrator.
        private func kubectl(_ directory: String, _ words: String...) throws -> String {
            try inside(
                [try #require(kubectlPath)] + words,
                environment: ["KUBECONFIG": "\(directory)/admin.conf", "HOME": directory])
        }

        @Test(.enabled(if: kubectlObstacle == nil, "\(kubectlObstacle ?? "")"))
        func `a node of the Kubernetes example joins its cluster by a token, which kubectl sees`() throws {
            let context = try DockerfileContext([:])
            defer { context.remove() }
            try BootLab.run("cp", ["-a", "\(Self.examples)/kubernetes/.", context.path])
            try BootLab.run("\(BootLab.repository)/Lab/kubelet.sh", ["\(context.path)/packages/kubelet.deb"])
            try DockerfileContext.roost(["image", "build", "kube", context.path] + Self.smallKernel)

            let cluster = "\(BootLab.directory)/cluster"
            try BootLab.lab(
                "serve", "kube", "/usr/bin/python3", "\(BootLab.repository)/Lab/kube-standin.py",
                "--directory",
                cluster, "--address", BootLab.address, "--ready", "\(cluster).ready")
            defer { _ = try? BootLab.lab("stop", "kube") }
            try lab.waitUntil("the API server is ready", seconds: 20) {
                FileManager.default.fileExists(atPath: "\(cluster).ready")
            }
            let mac = "52:54:00:00:0c:01"
            try lab.roost("group", "add", "/kubernetes")
            try lab.roost(
                "set", "--group", "/kubernetes", "image=kube", "hosts=\(BootLab.address)=kubernetes",
                "files=/etc/kubernetes/pki/ca.crt=@\(cluster)/ca.crt")
            try lab.roost("node", "add", "kube-1", "--mac", mac, "--group", "/kubernetes")
            try lab.roost(
                "secret", "mint", "join-token", "kubernetes", "@\(cluster)/roost.token", "--cluster",
                "https://\(BootLab.address):6443", "--authority", "\(cluster)/ca.crt", "--group",
                "/kubernetes",
                "--path", "/etc/kubernetes/bootstrap-token", "--arm", "each-boot")
            try lab.bootDirectly("kube-1", mac: mac, ["--mem", "2048"])
            defer { _ = try? lab.powerOff("kube-1") }
            try lab.waitForStage("ready", of: "kube-1")
            try lab.waitUntil("it has joined", seconds: 120) {
                try kubectl(
                    cluster, "get", "nodes", "-o",
                    "jsonpath={.items[*].status.conditions[?(@.type==\"Ready\")].status}"
                ) == "True"
            }
            try checkJoined(cluster)
        }

        private func checkJoined(_ cluster: String) throws {
            let address = try lab.address(of: "kube-1")
            #expect(
                try lab.ssh(
                    address,
                    """
                    systemctl is-active kubelet containerd
                    cat /proc/sys/net/ipv4/ip_forward; stat -c %a /etc/kubernetes/bootstrap-token
                    ctr version >/dev/null && echo ctr
                    """) == "active\nactive\n1\n600\nctr")
            #expect(try lab.failedSteps(of: "kube-1").isEmpty)
            let node = try kubectl(cluster, "describe", "node", "kube-1")
            #expect(node.contains(address) && node.contains("containerd://"))
            let token = try lab.ssh(address, "cat /etc/kubernetes/bootstrap-token").split(separator: ".")
            try #require(token.count == 2)
            #expect(
                try kubectl(cluster, "get", "csr", "-o", "jsonpath={.items[*].spec.username}")
                    == "system:bootstrap:\(token[0])")
            // It was accepted once: it is gone since, and opens nothing.
            try lab.waitUntil("its token is gone", seconds: 60) {
                try kubectl(cluster, "get", "secrets", "--namespace", "kube-system", "-o", "name").isEmpty
            }
            let again = try inside([
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "\(cluster)/ca.crt", "-H",
                "Authorization: Bearer \(token.joined(separator: "."))",
                "https://\(BootLab.address):6443/apis/certificates.k8s.io/v1/certificatesigningrequests",
            ])
            #expect(again == "401")
            // The receipt names it, and only the node had its secret half.
            #expect(try lab.roost("secret", "show", "join-token").contains(token[0]))
            for text in [
                try lab.roost("secret", "show", "join-token"), try lab.roost("node", "steps", "kube-1"),
                try lab.roost("node", "show", "kube-1"), lab.console("kube-1"), lab.log("roost"),
                lab.log("kube"),
            ] { #expect(!text.contains(token[1])) }
            // A node that has joined goes on without it, and leaves the cluster when it leaves the fleet.
            #expect(try kubectl(cluster, "get", "nodes", "-o", "name") == "node/kube-1")
            try lab.powerOff("kube-1")
            try lab.roost("node", "rm", "kube-1")
            try lab.waitUntil("it has left", seconds: 60) {
                try kubectl(cluster, "get", "nodes", "-o", "name").isEmpty
            }
        }

        // MARK: Slurm

        private func boot(_ nodes: [(name: String, mac: String)]) throws {
            for node in nodes {
                try lab.roost("node", "add", node.name, "--mac", node.mac, "--group", "/hpc")
                try lab.bootDirectly(node.name, mac: node.mac, ["--beside"])
            }
            for node in nodes { try lab.waitForStage("ready", of: node.name, seconds: 360) }
        }

        @Test func `two nodes of the farm example know each other, and run a job of Slurm together`() throws {
            for (image, target) in [("hpc", "node"), ("hpc-head", "controller")] {
                try DockerfileContext.roost(
                    ["image", "build", image, "\(Self.examples)/hpc", "--target", target] + Self.smallKernel)
            }
            let key = "\(BootLab.directory)/munge.key"
            try BootLab.run("dd", ["if=/dev/urandom", "of=\(key)", "bs=128", "count=1"])
            try lab.roost("group", "add", "/hpc")
            try lab.roost(
                "set", "--group", "/hpc", "image=hpc", "known-nodes=/hpc",
                "hosts=\(BootLab.address)=slurmctld head")
            try addSecret(
                "munge-key", key, "/etc/munge/munge.key", "--mode", "400", "--owner", "munge:munge",
                "--group",
                "/hpc")
            try addSecret("farm-key", "\(BootLab.directory)/key", "/root/.ssh/id_ed25519", "--group", "/hpc")
            let nodes = [("hpc-1", "52:54:00:00:0c:11"), ("hpc-2", "52:54:00:00:0c:12")]
            defer { for node in nodes { _ = try? lab.powerOff(node.0) } }
            try boot(nodes.map { (name: $0.0, mac: $0.1) })
            try checkKnownNodes()
            try checkJob(key)
        }

        /// The first node booted before the second: it has heard of it since.
        private func checkKnownNodes() throws {
            let (first, second) = (try lab.address(of: "hpc-1"), try lab.address(of: "hpc-2"))
            try lab.waitUntil("hpc-1 knows hpc-2", seconds: 60) {
                try lab.ssh(first, "getent hosts hpc-2 || true").hasPrefix(second)
            }
            for (here, there) in [(first, "hpc-2"), (second, "hpc-1")] {
                #expect(
                    try lab.ssh(here, "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes \(there) hostname")
                        == there)
            }
            #expect(
                try lab.ssh(first, "getent ahostsv4 hpc-1 | head -n 1; stat -c %a /etc/hosts")
                    .hasPrefix(first))
            // What is gone is forgotten, and what else is in the file stays.
            try lab.roost(
                "node", "add", "hpc-3", "--mac", "52:54:00:00:0c:13", "--group", "/hpc", "--address",
                "10.77.0.99")
            try lab.waitUntil("hpc-2 knows hpc-3", seconds: 60) {
                try lab.ssh(second, "cat /etc/hosts").contains("10.77.0.99 hpc-3")
            }
            try lab.roost("node", "rm", "hpc-3")
            try lab.waitUntil("hpc-2 knows hpc-3 no more", seconds: 60) {
                try !lab.ssh(second, "cat /etc/hosts /etc/ssh/ssh_known_hosts").contains("hpc-3")
            }
            #expect(try lab.ssh(second, "getent hosts head").hasPrefix(BootLab.address))
        }

        private func checkJob(_ key: String) throws {
            let hosts = "\(BootLab.directory)/controller-hosts"
            var lines = ["127.0.0.1 localhost", "\(BootLab.address) head"]
            for node in ["hpc-1", "hpc-2"] { lines.append("\(try lab.address(of: node)) \(node)") }
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: hosts))
            let versions = try lab.json("image", "list") as? [[String: Any]] ?? []
            let head = try #require(
                versions.first { $0["image"] as? String == "hpc-head" }?["digest"] as? String)
            try BootLab.lab(
                "serve", "controller", "\(BootLab.repository)/Lab/controller.sh",
                "\(BootLab.stateDirectory)/images/hpc-head/\(head)/root.squashfs", hosts, key)
            defer { _ = try? BootLab.lab("stop", "controller") }
            let pid = try String(
                contentsOfFile: "\(BootLab.directory)/run/\(BootLab.namespace)/controller.pid",
                encoding: .utf8
            ).trimmingCharacters(in: .whitespacesAndNewlines)
            func onHead(_ words: String...) throws -> String {
                try BootLab.run(
                    "nsenter",
                    ["--target", pid, "--mount", "--uts", "--net", "chroot", "/mnt/root", "timeout", "120"]
                        + words
                ).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            try lab.waitUntil("both nodes are idle", seconds: 120) {
                (try? onHead("sinfo", "--noheader", "--states", "idle", "--format", "%D")) == "2"
            }
            let said = try onHead("srun", "-N2", "hostname")
            #expect(said.split(separator: "\n").sorted() == ["hpc-1", "hpc-2"], "\(said)")
        }

        // MARK: Terminal server

        /// A program of a person on a machine's screen, or nothing.
        private func process(_ name: String, of user: String, at address: String) throws -> Bool {
            try lab.ssh(address, "pgrep -u \(user) -x \(name) >/dev/null && echo yes || true") == "yes"
        }

        @Test(
            .disabled(
                "a real machine was tried until its agent reported; its drain and restart are in TerminalRenewalsTests"
            ))
        func `a terminal server of the example takes people, and empties itself before a new version`() throws
        {
            let context = try DockerfileContext([:])
            defer { context.remove() }
            try BootLab.run("cp", ["-a", "\(Self.examples)/terminal-server/.", context.path])
            try BootLab.run("cp", [TerminalLab.agentProgram, context.path])
            try DockerfileContext.roost(
                [
                    "image", "build", "terminal-server", context.path, "--build-arg", "APPLICATIONS=",
                    "--build-arg", "LOCALES=en_GB.UTF-8",
                ] + Self.smallKernel)
            try lab.roost("apply", "-f", "\(Self.examples)/terminal-server/roost.yaml")
            // A machine less than the example has; what stands in for Windows takes people meanwhile.
            try lab.roost("server", "rm", "ts-2")
            try lab.roost("node", "rm", "ts-2")
            try BootLab.run(
                "sh",
                ["-c", #"printf secret | "$0" windows other 10.77.0.23 SCHOOL ann"#, TerminalLab.script],
                environment: TerminalLab.environment)
            defer { _ = try? TerminalLab.command("stop", "other") }
            try lab.roost(
                "server", "add", "other", "10.77.0.23", "--system", "windows", "--tag", "room")

            // From the network: it will start again by itself.
            try lab.boot(
                "ts-1", mac: "52:54:00:00:00:01", ["--mem", "2048", "--reboots"],
                expecting: [BootLab.handover])
            defer { _ = try? lab.powerOff("ts-1") }
            try lab.waitForStage("ready", of: "ts-1", seconds: 360)
            try joinAgent()
            let address = try lab.address(of: "ts-1")
            try showDesktop(at: address)

            try DockerfileContext.roost(["image", "shell", "terminal-server", "--", "touch", "/etc/second"])
            try lab.roost(
                "image", "promote", "terminal-server@2", "--canary", "/terminal-servers", "--success",
                "ready within 5m", "--for", "1m")
            try lab.waitUntil("it drains", seconds: 60) {
                try server("ts-1").admission == "draining"
            }
            #expect(try process("icewm", of: "anna", at: address))
            let sessions = try lab.json("session", "list", "--servers") as? [[String: Any]] ?? []
            let session = try #require(sessions.first { $0["user"] as? String == "anna" }?["id"] as? String)
            try lab.roost("session", "end", "ts-1", session)
            // Empty, it starts again; its agent has joined for good, and it takes people again.
            try lab.waitUntil("it takes people with the new version", seconds: 420) {
                let server = try server("ts-1")
                return server.admission == "open" && server.isConnected
                    && (try? lab.ssh(address, "cat /etc/second && echo new")) == "new"
            }
            #expect(try lab.failedSteps(of: "ts-1").isEmpty)
        }

        private func server(_ name: String) throws -> (isConnected: Bool, admission: String) {
            let all = try lab.json("server", "list") as? [[String: Any]] ?? []
            for one in all {
                guard let record = one["server"] as? [String: Any], record["name"] as? String == name else {
                    continue
                }
                return (one["isConnected"] as? Bool ?? false, record["admission"] as? String ?? "")
            }
            return (false, "")
        }

        /// As the guide says: once, and then at each boot by itself.
        private func joinAgent() throws {
            let join = try lab.roost("server", "token", "--name", "ts-1").trimmingCharacters(
                in: .whitespacesAndNewlines)
            let address = try lab.address(of: "ts-1")
            try lab.waitUntil("ts-1 has started", seconds: 240) {
                ["running", "degraded"].contains(try lab.ssh(address, "systemctl is-system-running || true"))
            }
            #expect(try lab.ssh(address, "systemctl --failed --no-legend").isEmpty)
            try lab.ssh(
                address,
                """
                \(join) >/dev/null && systemctl start roost-agent
                useradd --create-home --shell /bin/bash anna
                echo 'anna:\(TerminalLab.password)' | chpasswd
                printf '#!/bin/sh\nxsetroot -solid "#2a6099"\nexec icewm\n' >/home/anna/.xsession
                """)
            try lab.waitUntil("its agent reports", seconds: 60) {
                try server("ts-1").isConnected
            }
        }

        /// A person comes from a machine with FreeRDP, sees the desktop, and goes; the session stays.
        private func showDesktop(at address: String) throws {
            try TerminalLab.command("client", "seat", "10.77.0.98")
            defer { _ = try? TerminalLab.command("stop", "seat") }
            try BootLab.run(
                "sh",
                [
                    "-c", #"printf '%s\n' "$1" | "$0" login seat anna "$2" "$3""#, TerminalLab.script,
                    TerminalLab.password, address, "\(BootLab.directory)/log/terminal-server.png",
                ], environment: TerminalLab.environment)
            #expect(try process("icewm", of: "anna", at: address))
            try lab.waitUntil("the session is known", seconds: 30) {
                try lab.roost("session", "list", "--servers").contains("anna")
            }
        }

        // MARK: Desktop

        @Test func `the desktop example shows its log-in screen`() throws {
            try DockerfileContext.roost([
                "image", "build", "desktop", "\(Self.examples)/desktop", "--build-arg", "APPLICATIONS=",
            ])
            let mac = "52:54:00:00:0c:21"
            try lab.roost("group", "add", "/desktop")
            try lab.roost(
                "set", "--group", "/desktop", "image=desktop", "locale=en_GB.UTF-8", "keymap=gb",
                "time-zone=Europe/London", "swap=zram:50%",
                "users=guest=uid=1000 shell=/bin/bash name=Guest")
            try lab.roost("node", "add", "desktop-1", "--mac", mac, "--group", "/desktop")
            try lab.bootDirectly(
                "desktop-1", mac: mac, ["--mem", "2048", "--qemu", "-device", "--qemu", "VGA"])
            defer { _ = try? lab.powerOff("desktop-1") }
            try lab.waitForStage("ready", of: "desktop-1", seconds: 360)
            let address = try lab.address(of: "desktop-1")
            try lab.waitUntil("the log-in screen is there", seconds: 240) {
                try lab.ssh(address, "pidof lightdm-gtk-greeter >/dev/null && echo yes || true") == "yes"
            }
            #expect(
                try lab.ssh(
                    address,
                    "id -un 1000; . /etc/default/locale; echo $LANG; grep XKBLAYOUT /etc/default/keyboard; locale -a | grep -c en_GB"
                ) == "guest\nen_GB.UTF-8\nXKBLAYOUT=\"gb\"\n1")
            #expect(try lab.failedSteps(of: "desktop-1").isEmpty)
            // A greeter draws a window on a background: many shades, where an empty screen has one.
            try lab.waitUntil("something is drawn", seconds: 120) { try shades(of: "desktop-1") > 16 }
        }

        /// How many colours a machine's screen shows.
        private func shades(of machine: String) throws -> Int {
            let script = """
                import os, socket, sys, time
                path = sys.argv[2]
                if os.path.exists(path): os.unlink(path)
                monitor = socket.socket(socket.AF_UNIX)
                monitor.connect(sys.argv[1])
                monitor.sendall(f"screendump {path}\\n".encode())
                for _ in range(100):
                    time.sleep(0.1)
                    if os.path.exists(path): break
                time.sleep(1)
                data = open(path, "rb").read()
                pixels = data.split(b"\\n", 3)[3]
                print(len({pixels[i:i + 3] for i in range(0, len(pixels) - 2, 3)}))
                """
            let state = "\(BootLab.directory)/run/\(BootLab.namespace)/client-\(machine)"
            let text = try BootLab.run(
                "/usr/bin/python3",
                ["-c", script, "\(state)/monitor", "\(BootLab.directory)/log/\(machine).ppm"])
            return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        }
    }
}
