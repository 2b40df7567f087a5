import Foundation
import Testing

extension EndToEnd.Systems {
    /// A Debian with systemd, from its power switch on.
    @Suite struct DebianTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.withDebian.get() }

        @Test func `a BIOS machine boots by iPXE from NBD, is configured and ready, and boots alike again`()
            throws
        {
            let mac = "52:54:00:00:00:01"
            try lab.roost("group", "add", "/school")
            try lab.roost("node", "add", "pc-1", "--mac", mac, "--group", "/school")
            try lab.roost(
                "set", "--group", "/school", "time-zone=Europe/Lisbon",
                "files=/etc/motd=welcome to room 12,/opt/tool:755=#!/bin/sh")
            try lab.roost(
                "set", "--node", "pc-1",
                "root-password-hash=$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g."
            )
            try lab.boot("pc1", mac: mac, expecting: [BootLab.handover])
            try lab.waitForStage("ready", of: "pc-1")
            let stages = try lab.stages("pc-1")
            #expect(
                stages == [
                    "dhcp", "script", "kernel", "initramfs", "init", "network", "root", "configured",
                    "handover", "ready",
                ])
            let address = try lab.address(of: "pc-1")
            #expect(try lab.ssh(address, "hostname") == "pc-1")
            #expect(
                try lab.ssh(address, "stat -f -c %T /; cat /sys/block/nbd0/size").hasPrefix("overlayfs\n"))
            #expect(
                try lab.ssh(address, "cat /etc/motd; stat -c %a /opt/tool; readlink /etc/localtime")
                    == "welcome to room 12\n755\n/usr/share/zoneinfo/Europe/Lisbon")
            #expect(
                try lab.ssh(address, "grep -c '^root:.6.salt.' /etc/shadow; stat -c '%a %G' /etc/shadow")
                    == "1\n640 shadow")
            #expect(try lab.ssh(address, "grep pc-1 /etc/hosts").contains("127.0.1.1 pc-1"))
            let identity = try lab.ssh(address, "cat /etc/machine-id")
            #expect(identity.count == 32)
            // The running system has told what the initramfs could not see.
            try lab.waitUntil("the hardware is complete", seconds: 30) {
                let entries = try lab.json("inventory", "pc-1") as? [[String: Any]]
                let hardware = entries?.first?["hardware"] as? [String: Any]
                guard hardware?["isComplete"] as? Bool == true else { return false }
                let modules = hardware?["memoryModules"] as? [[String: Any]]
                #expect(modules?.first?["mebibytes"] as? Int == 1_024)
                #expect(
                    (hardware?["pci"] as? [[String: Any]])?.contains { $0["name"] as? String == "network" }
                        == true)
                #expect((hardware?["disks"] as? [Any])?.isEmpty == true)
                #expect(hardware?["vendor"] as? String == "QEMU")
                return true
            }
            #expect(
                try lab.roost("inventory", "--format", "csv", "pc-1").contains(
                    "pc-1,/school,52:54:00:00:00:01,QEMU"))
            #expect(
                try lab.roost("inventory", "--format", "glpi", "pc-1").contains("\"itemtype\":\"Computer\""))
            // Not a «first boot», in which systemd enables whatever there is.
            #expect(try lab.ssh(address, "systemctl is-enabled systemd-networkd || true") == "disabled")
            try lab.powerOff("pc1")
            try lab.bootDirectly("pc1", mac: mac)
            try lab.waitForStage("ready", of: "pc-1")
            #expect(try lab.address(of: "pc-1") == address)
            #expect(try lab.ssh(address, "cat /etc/machine-id") == identity)
            try lab.roost("node", "restart", "pc-1")
            try lab.waitUntil("it restarts", seconds: 60) {
                lab.console("pc1").contains("reboot: Restarting system")
            }
            #expect(throws: (any Error).self) { try lab.roost("node", "restart", "nobody") }
            try lab.powerOff("pc1")
        }
    }
}
