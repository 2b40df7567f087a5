import Foundation
import Testing

extension EndToEnd.Machines {
    /// Real firmware and real loaders: machines in QEMU that have nothing but a network card.
    @Suite struct FirmwareTests {
        let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        /// edk2's own network driver and PXE instead of iPXE in the card's ROM, as on real UEFI machines.
        private static let ownPXE = ["--firmware", "uefi", "--rom", "none"]

        @Test func `a machine that waits on its screen is approved on its page and boots`() throws {
            let mac = "52:54:00:00:00:77"
            try lab.addAdministrator()
            try lab.roost("set", "enrolment=quarantine")
            defer { _ = try? lab.roost("set", "--unset", "enrolment") }
            try lab.boot(
                "waiting", mac: mac,
                expecting: [
                    "waits for approval", "Code: ", "https://10.77.0.1:8443/machines", "Memory: 1024 MiB",
                ])
            defer { _ = try? lab.powerOff("waiting") }
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/machines")
            try browser.waitFor(mac)
            // The code on the page is the one on the screen.
            let code = try #require(lab.console("waiting").firstMatch(of: /Code: ([A-Z2-9]{4})/)?.1)
            #expect(browser.text.contains(code))
            try browser.screenshot("machines-waiting")
            let form = "form[action='/machines/\(mac)/approve']"
            try browser.type("lab-7", into: "\(form) input[name=name]")
            try browser.click("\(form) button")
            try browser.waitFor("Saved as revision")
            try lab.waitForStage("ready", of: "lab-7")
            // The node's page updates without a reload.
            try browser.open("https://10.77.0.1:8443/nodes/lab-7")
            try browser.waitFor("handover")
            try browser.screenshot("node-booted")
            #expect(try lab.ssh(lab.address(of: "lab-7"), "hostname") == "lab-7")
            try browser.open("https://10.77.0.1:8443/wizard")
            try browser.waitFor("ready.")
            try browser.screenshot("wizard")
            #expect(try browser.axeFindings() == [])
        }

        @Test
        func
            `a waiting machine with Secure Boot shows the same, and boots the signed chain to a kernel that confirms it`()
            throws
        {
            let mac = "52:54:00:00:00:a7"
            try lab.roost("set", "enrolment=quarantine")
            defer { _ = try? lab.roost("set", "--unset", "enrolment") }
            try lab.boot(
                "secure", mac: mac, ["--firmware", "uefi-sb", "--rom", "none", "--reboots"],
                expecting: ["waits for approval", "Code: ", "Memory: 1024 MiB", "Asking again"], timeout: 300)
            defer { _ = try? lab.powerOff("secure") }
            #expect(!lab.console("secure").contains("error: "))
            try lab.roost("node", "add", "pc-6", "--mac", mac)
            try lab.waitForStage("handover", of: "pc-6", seconds: 300)
            #expect(lab.console("secure").contains(/[Ss]ecure boot enabled/))
        }

        @Test func `a waiting machine is named and approved on its own screen`() throws {
            try lab.roost("group", "add", "/bench")
            try lab.roost("set", "enrolment=quarantine", "registration-pin=471108")
            defer { _ = try? lab.roost("set", "--unset", "enrolment", "--unset", "registration-pin") }
            // Without the PIN it is a request, which the page has filled in.
            let wishing = try Neighbour("wishing", mac: "52:54:00:00:00:7a")
            let wish = "node/52-54-00-00-00-7a/register?name=wished&group=/bench&pin=0000"
            #expect(try wishing.ask(wish).text.contains("noted"))
            // No other machine requests it.
            #expect(
                try BootLab.lab("exec", "curl", "-s", "http://10.77.0.1/\(wish)").contains(
                    "only the machine itself may ask this"))
            #expect(!(try lab.roost("node", "list")).contains("wished"))
            for (query, answer) in [
                ("name=a%20b&group=/", "letters, digits"), ("name=x&group=/nowhere", "no such group"),
                ("name=x%0Aecho&group=/", "letters, digits"),
            ] {
                #expect(try wishing.ask("node/52-54-00-00-00-7a/register?\(query)").text.contains(answer))
            }
            try lab.boot(
                "typed", mac: "52:54:00:00:00:79",
                [
                    "--expect", "Press n to name it", "--key", "n", "--expect", "Name, then Enter", "--send",
                    "bench-1", "--expect", "Group, such as", "--send", "/bench", "--expect", "PIN", "--send",
                    "471108",
                ], expecting: ["Roost: noted", BootLab.handover])
            defer { _ = try? lab.powerOff("typed") }
            try lab.waitForStage("ready", of: "bench-1")
            #expect(try lab.ssh(lab.address(of: "bench-1"), "hostname") == "bench-1")
            let node = try lab.json("node", "show", "bench-1") as? [String: Any]
            #expect((node?["node"] as? [String: Any])?["group"] as? String == "/bench")
            // The server sees what its root does.
            #expect(((node?["root"] as? [String: Any])?["connections"] as? Int ?? 0) > 0)
            #expect(try lab.roost("history").contains("PIN at the machine"))
        }

        @Test func `an unknown UEFI machine gets the signed chain and the site's image`() throws {
            try lab.boot(
                "pc3", mac: "52:54:00:00:00:03", Self.ownPXE, expecting: ["boots tiny@1", BootLab.handover])
            #expect(
                try lab.stages("n525400000003").starts(with: [
                    "dhcp", "loader", "script", "kernel", "initramfs", "init",
                ]))
            try lab.powerOff("pc3")
        }

        @Test func `a UEFI machine boots by iPXE when its group is set to that`() throws {
            try lab.roost("group", "add", "/ipxe")
            try lab.roost("set", "--group", "/ipxe", "loader=ipxe")
            try lab.roost("node", "add", "pc-4", "--mac", "52:54:00:00:00:04", "--group", "/ipxe")
            try lab.boot("pc4", mac: "52:54:00:00:00:04", Self.ownPXE, expecting: ["iPXE", BootLab.handover])
            try lab.powerOff("pc4")
        }

        @Test func `a UEFI machine boots by HTTP only`() throws {
            let httpOnly = [
                "--qemu", "-fw_cfg", "--qemu", "name=opt/org.tianocore/IPv4PXESupport,string=n",
                "--qemu", "-fw_cfg", "--qemu", "name=opt/org.tianocore/IPv6PXESupport,string=n",
            ]
            try lab.boot(
                "pc5", mac: "52:54:00:00:00:05", Self.ownPXE + httpOnly,
                expecting: ["iPXE", BootLab.handover])
            try lab.powerOff("pc5")
        }

        @Test func `the laboratory works in a user namespace, without rights on the machine`() throws {
            // The laboratory's own directory belongs to the server's user, who does not exist in there.
            let directory = NSTemporaryDirectory() + "roost-e2e-alone"
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let script = """
                set -e
                trap "$LAB down" EXIT
                $LAB up
                $LAB serve roost $ROOST serve --interface br0 --state-directory $LAB_DIR/state \
                    --socket $LAB_DIR/socket/api.sock --node-program $NODE_PROGRAM --user root
                until grep -q ' ready: ' $LAB_DIR/log/roost.log; do sleep 0.1; done
                $LAB boot alone --timeout 60 --expect iPXE --expect 'Roost: .*no image'
                """
            try BootLab.run(
                "unshare", ["-Urnm", "bash", "-c", script],
                environment: [
                    "LAB": "\(BootLab.repository)/Lab/lab.sh", "LAB_DIR": directory,
                    "LAB_NS": "-",
                    "ROOST": BootLab.roost, "NODE_PROGRAM": BootLab.nodeProgram,
                ])
        }
    }
}
