@testable import Fleet

/// Files in the shapes that people publish, of LTSP 4 and 5, with what getltscfg and a shell make of them.
extension LTSPSample {
    static let ltsPublished: [LTSPSample] = [
        LTSPSample(
            name: "kubernetes",
            text: #"""
                [default]
                KEEP_SYSTEM_SERVICES           = "ssh ureadahead dbus-org.freedesktop.login1 systemd-logind polkitd cgmanager ufw rpcbind nfs-kernel-server"

                PREINIT_00_TIME                = "ln -sf /usr/share/zoneinfo/Europe/Prague /etc/localtime"
                PREINIT_01_FIX_HOSTNAME        = "sed -i '/^127.0.0.2/d' /etc/hosts"
                PREINIT_02_DOCKER_OPTIONS      = "sed -i 's|^ExecStart=.*|ExecStart=/usr/bin/dockerd -H fd:// --storage-driver overlay2 --iptables=false --ip-masq=false --log-driver=json-file --log-opt=max-size=10m --log-opt=max-file=5|' /etc/systemd/system/docker.service"

                FSTAB_01_SSH                   = "/dev/data/ssh     /etc/ssh          ext4 nofail,noatime,nodiratime 0 0"
                FSTAB_02_JOURNALD              = "/dev/data/journal /var/log/journal  ext4 nofail,noatime,nodiratime 0 0"
                FSTAB_03_DOCKER                = "/dev/data/docker  /var/lib/docker   ext4 nofail,noatime,nodiratime 0 0"

                # Each command will stop script execution when fail
                RCFILE_01_SSH_SERVER           = "cp /rofs/etc/ssh/*_config /etc/ssh; ssh-keygen -A"
                RCFILE_02_SSH_CLIENT           = "mkdir -p /root/.ssh/; echo 'ssh-rsa AAAAB3NzaC1yc2E admin@kubernetes' >> /root/.ssh/authorized_keys"
                RCFILE_03_KERNEL_DEBUG         = "sysctl -w kernel.unknown_nmi_panic=1 kernel.softlockup_panic=1; modprobe netconsole netconsole=@/vmbr0,@10.9.0.15/"
                RCFILE_04_SYSCTL               = "sysctl -w fs.file-max=20000000 fs.nr_open=20000000 net.ipv4.neigh.default.gc_thresh1=80000 net.ipv4.neigh.default.gc_thresh2=90000 net.ipv4.neigh.default.gc_thresh3=100000"
                RCFILE_05_FORWARD              = "echo 1 > /proc/sys/net/ipv4/ip_forward"
                RCFILE_06_MODULES              = "modprobe br_netfilter"
                RCFILE_07_JOIN_K8S             = "kubeadm join --token 2a4576.504356e45fa3d365 10.9.0.20:6443 --discovery-token-ca-cert-hash sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

                """#,
            common: [
                "KEEP_SYSTEM_SERVICES":
                    "ssh ureadahead dbus-org.freedesktop.login1 systemd-logind polkitd cgmanager ufw rpcbind nfs-kernel-server",
                "PREINIT_00_TIME": "ln -sf /usr/share/zoneinfo/Europe/Prague /etc/localtime",
                "PREINIT_01_FIX_HOSTNAME": "sed -i '/^127.0.0.2/d' /etc/hosts",
                "PREINIT_02_DOCKER_OPTIONS":
                    "sed -i 's|^ExecStart=.*|ExecStart=/usr/bin/dockerd -H fd:// --storage-driver overlay2 --iptables=false --ip-masq=false --log-driver=json-file --log-opt=max-size=10m --log-opt=max-file=5|' /etc/systemd/system/docker.service",
                "FSTAB_01_SSH": "/dev/data/ssh     /etc/ssh          ext4 nofail,noatime,nodiratime 0 0",
                "FSTAB_02_JOURNALD": "/dev/data/journal /var/log/journal  ext4 nofail,noatime,nodiratime 0 0",
                "FSTAB_03_DOCKER": "/dev/data/docker  /var/lib/docker   ext4 nofail,noatime,nodiratime 0 0",
                "RCFILE_01_SSH_SERVER": "cp /rofs/etc/ssh/*_config /etc/ssh; ssh-keygen -A",
                "RCFILE_02_SSH_CLIENT":
                    "mkdir -p /root/.ssh/; echo 'ssh-rsa AAAAB3NzaC1yc2E admin@kubernetes' >> /root/.ssh/authorized_keys",
                "RCFILE_03_KERNEL_DEBUG":
                    "sysctl -w kernel.unknown_nmi_panic=1 kernel.softlockup_panic=1; modprobe netconsole netconsole=@/vmbr0,@10.9.0.15/",
                "RCFILE_04_SYSCTL":
                    "sysctl -w fs.file-max=20000000 fs.nr_open=20000000 net.ipv4.neigh.default.gc_thresh1=80000 net.ipv4.neigh.default.gc_thresh2=90000 net.ipv4.neigh.default.gc_thresh3=100000",
                "RCFILE_05_FORWARD": "echo 1 > /proc/sys/net/ipv4/ip_forward",
                "RCFILE_06_MODULES": "modprobe br_netfilter",
                "RCFILE_07_JOIN_K8S":
                    "kubeadm join --token 2a4576.504356e45fa3d365 10.9.0.20:6443 --discovery-token-ca-cert-hash sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ],
            machines: [
                .init(
                    .hall10, variables: [:],
                    hooks: [
                        "PREINIT_00_TIME", "PREINIT_01_FIX_HOSTNAME", "PREINIT_02_DOCKER_OPTIONS",
                        "RCFILE_01_SSH_SERVER", "RCFILE_02_SSH_CLIENT", "RCFILE_03_KERNEL_DEBUG",
                        "RCFILE_04_SYSCTL", "RCFILE_05_FORWARD", "RCFILE_06_MODULES", "RCFILE_07_JOIN_K8S",
                    ], lines: ["FSTAB_01_SSH", "FSTAB_02_JOURNALD", "FSTAB_03_DOCKER"]),
                .init(
                    .hall11, variables: [:],
                    hooks: [
                        "PREINIT_00_TIME", "PREINIT_01_FIX_HOSTNAME", "PREINIT_02_DOCKER_OPTIONS",
                        "RCFILE_01_SSH_SERVER", "RCFILE_02_SSH_CLIENT", "RCFILE_03_KERNEL_DEBUG",
                        "RCFILE_04_SYSCTL", "RCFILE_05_FORWARD", "RCFILE_06_MODULES", "RCFILE_07_JOIN_K8S",
                    ], lines: ["FSTAB_01_SSH", "FSTAB_02_JOURNALD", "FSTAB_03_DOCKER"]),
                .init(
                    .counter, variables: [:],
                    hooks: [
                        "PREINIT_00_TIME", "PREINIT_01_FIX_HOSTNAME", "PREINIT_02_DOCKER_OPTIONS",
                        "RCFILE_01_SSH_SERVER", "RCFILE_02_SSH_CLIENT", "RCFILE_03_KERNEL_DEBUG",
                        "RCFILE_04_SYSCTL", "RCFILE_05_FORWARD", "RCFILE_06_MODULES", "RCFILE_07_JOIN_K8S",
                    ], lines: ["FSTAB_01_SSH", "FSTAB_02_JOURNALD", "FSTAB_03_DOCKER"]),
            ]),
        LTSPSample(
            name: "thin-clients",
            text: #"""
                # This is the default lts.conf file for ltsp 5.
                # For more information about valid options please see lts.conf(5)
                #
                # [example]
                # key=value
                [default]
                	LDM_DIRECTX=True
                	LDM_SESSION="gnome-session --session=ubuntu-2d"
                #	X_MODE_0 = 1024x768
                #	XRANDR_DISABLE = True

                """#,
            common: ["LDM_DIRECTX": "True", "LDM_SESSION": "gnome-session --session=ubuntu-2d"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
        LTSPSample(
            name: "old-sample",
            text: #"""
                #
                # Config file for the Linux Terminal Server Project
                #
                [Default] XSERVER            = auto
                        SERVER             = 192.168.101.254
                	X_MOUSE_PROTOCOL   = "PS/2"
                        MODULE_01          = "sb irq=10 io=0x300"
                	USE_XFS            = N
                #------------------------------------------------------------------------------
                [hall-10]
                        LIKE               = ws002
                        LOCAL_APPS         = N
                [192.168.40.11]
                        RUNLEVEL           = 2
                        X_MODE_0           = 800x600 48.002 800 832 928 1024 600 604 608 624 -HSync -VSync
                [ws002]
                        LIKE               = ws004
                        XSERVER            = XF86_SVGA
                        RUNLEVEL           = 3
                [ws004]
                        XSERVER            = vesa
                        SCREEN_01          = shell 	# a console

                """#,
            common: [
                "SERVER": "192.168.101.254", "X_MOUSE_PROTOCOL": "PS/2", "MODULE_01": "sb irq=10 io=0x300",
                "USE_XFS": "N",
            ],
            machines: [
                .init(
                    .hall10,
                    variables: [
                        "XSERVER": "XF86_SVGA", "SCREEN_01": "shell", "RUNLEVEL": "3", "LOCAL_APPS": "N",
                    ]),
                .init(
                    .hall11,
                    variables: [
                        "XSERVER": "auto", "RUNLEVEL": "2",
                        "X_MODE_0": "800x600 48.002 800 832 928 1024 600 604 608 624 -HSync -VSync",
                    ]),
                .init(.counter, variables: ["XSERVER": "auto"]),
            ]),
        LTSPSample(
            name: "printers",
            text: #"""
                [default]
                SOUND=True
                [66:9D:3F:81:20:FE]
                PRINTER_0_DEVICE = /dev/usblp0
                PRINTER_0_TYPE = U
                PRINTER_1_DEVICE = "/dev/ttyS0"
                PRINTER_1_TYPE = S
                SCREEN_02 = shell
                [02:5B:C1:00:11:0A]
                # no printer here
                SOUND = False
                XKBLAYOUT = "de"   # Tastatur

                """#,
            common: [:],
            machines: [
                .init(.hall10, variables: ["SOUND": "False", "XKBLAYOUT": "de"]),
                .init(.hall11, variables: ["SOUND": "True"]),
                .init(
                    .counter,
                    variables: [
                        "SOUND": "True", "PRINTER_0_DEVICE": "/dev/usblp0", "PRINTER_0_TYPE": "U",
                        "PRINTER_1_DEVICE": "/dev/ttyS0", "PRINTER_1_TYPE": "S", "SCREEN_02": "shell",
                    ]),
            ]),
        LTSPSample(
            name: "kiosk-by-address",
            text: #"""
                [Default]
                LDM_AUTOLOGIN=True
                LDM_USERNAME=guest
                LDM_PASSWORD=guest
                TIMEZONE = Europe/Dublin

                [10.55.0.60]
                SCREEN_07 = kiosk
                KIOSK_EXE = /usr/bin/firefox
                LDM_AUTOLOGIN = none

                [192.168.40.*]
                LDM_USERNAME = pupil

                """#,
            common: [
                "LDM_AUTOLOGIN": "True", "LDM_USERNAME": "pupil", "LDM_PASSWORD": "guest",
                "TIMEZONE": "Europe/Dublin",
            ],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(
                    .counter,
                    variables: [
                        "LDM_USERNAME": "guest", "SCREEN_07": "kiosk", "KIOSK_EXE": "/usr/bin/firefox",
                    ], without: ["LDM_AUTOLOGIN"]),
            ]),
        LTSPSample(
            name: "screens",
            text: #"""
                [default]
                SCREEN_DEFAULT = 07
                SCREEN_02 = shell
                SCREEN_07 = ldm
                SCREEN_08 = rdesktop
                SCREEN_08_RDP_SERVER = 10.1.0.13
                RDP_SERVER = 10.1.0.12
                RDP_OPTIONS = "-a 16 -u '' -x lan"

                """#,
            common: [
                "SCREEN_DEFAULT": "07", "SCREEN_02": "shell", "SCREEN_07": "ldm", "SCREEN_08": "rdesktop",
                "SCREEN_08_RDP_SERVER": "10.1.0.13", "RDP_SERVER": "10.1.0.12",
                "RDP_OPTIONS": "-a 16 -u '' -x lan",
            ],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
        LTSPSample(
            name: "services",
            text: #"""
                [default]
                    RM_THIN_SYSTEM_SERVICES = "qemu-kvm virtualbox iptables"
                    RM_SYSTEM_SERVICES = "dnsmasq nbd-server iptables"
                    FSTAB_0 = "10.1.0.1:/home    /home     nfs     defaults,noacl 0       0"
                    FSTAB_1 = "10.1.0.1:/srv     /srv      nfs     defaults 0       0"
                    HOSTS_1 = "10.1.0.1 main files"
                    NBD_SWAP = True
                    USE_LOCAL_SWAP = False

                """#,
            common: [
                "RM_THIN_SYSTEM_SERVICES": "qemu-kvm virtualbox iptables",
                "RM_SYSTEM_SERVICES": "dnsmasq nbd-server iptables",
                "FSTAB_0": "10.1.0.1:/home    /home     nfs     defaults,noacl 0       0",
                "FSTAB_1": "10.1.0.1:/srv     /srv      nfs     defaults 0       0",
                "HOSTS_1": "10.1.0.1 main files", "NBD_SWAP": "True", "USE_LOCAL_SWAP": "False",
            ],
            machines: [
                .init(.hall10, variables: [:], lines: ["FSTAB_0", "FSTAB_1", "HOSTS_1"]),
                .init(.hall11, variables: [:], lines: ["FSTAB_0", "FSTAB_1", "HOSTS_1"]),
                .init(.counter, variables: [:], lines: ["FSTAB_0", "FSTAB_1", "HOSTS_1"]),
            ]),
    ]
}
