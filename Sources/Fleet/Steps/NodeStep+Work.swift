package import Wire

extension NodeStep {
    /// What the node carries out. Contents of ``ConfigurationEntry/files`` are not repeated here.
    package var work: StepWork {
        StepWork(
            name: name, failure: failure, attempts: attempts, secondLimit: secondLimit, acts: acts)
    }

    /// Work of this step with what is only known when it goes out.
    func filled(_ work: StepWork, _ knownNodes: ((GroupPath) -> KnownNodes)?) -> StepWork {
        var work = work
        if case .knownNodes(let group) = kind { work.acts = knownNodes?(group).acts ?? [] }
        return work
    }

    private var acts: [StepAct] {
        switch kind {
        case .hostName: [.copy(path: "/etc/hostname")]
        case .hosts: [.copy(path: "/etc/hosts")]
        case .authorizedKeys:
            [
                .directory(path: "/root/.ssh", mode: 0o700, uid: 0, gid: 0),
                .copy(path: "/root/.ssh/authorized_keys"),
            ]
        case .hostKey: [.copy(path: HostKeyFiles.path), .copy(path: "\(HostKeyFiles.path).pub")]
        case .rootPassword(let hash):
            [.field(path: "/etc/shadow", key: "root", index: 1, value: hash.settingText)]
        case .variables(let paths): paths.map { .copy(path: "/\($0)") }
        case .formerRoot:
            // An image of LTSP may have the empty directory.
            [.shell(text: "rmdir /rofs 2>/dev/null; [ -e /rofs ] || ln -s /run/roost/lower /rofs")]
        case .files(let files): files.map { .copy(path: "/\($0.path)") }
        case .missingFile(_, let reason):
            [.program(words: ["sh", "-c", "echo \"$1\"; exit 1", "sh", reason])]
        case .groups(let groups): groups.map(\.act)
        case .users(let users): users.flatMap(\.acts)
        case .module(let module): [.program(words: ["modprobe", module.key])]
        case .kernelParameters(let parameters):
            parameters.map { .kernel(name: $0.key, value: $0.text) }
        case .mounts(let mounts): Self.acts(mounts)
        case .mounted(let mount): [mount.mounting, .mounted(path: mount.key)]
        case .command(let command, let files):
            [
                files.isEmpty
                    ? .shell(text: command.command)
                    : .secretShell(text: command.command, files: files)
            ]
        case .timer(let timer): timer.acts
        case .service(let service): service.act.wish.map { [service.act(for: $0)] } ?? []
        case .idleServices(let units): [.idle(units: units)]
        case .dropIns(let services): services.compactMap(\.dropIn)
        default: systemActs
        }
    }

    /// Files of the system that are written from a setting.
    private var systemActs: [StepAct] {
        switch kind {
        case .resolver(let servers, let search):
            let lines =
                (search.isEmpty ? [] : ["search \(search.joined(separator: " "))"])
                + servers.map { "nameserver \($0.settingText)" }
            return [.resolver(text: Self.text(lines))]
        case .timeZone(let zone, let isDefault):
            let link = StepAct.link(
                path: "/etc/localtime", target: "/usr/share/zoneinfo/\(zone.settingText)",
                isRequired: !isDefault)
            return isDefault ? [link] : [link, Self.file("/etc/timezone", [zone.settingText])]
        case .locale(let locale):
            return ["/etc/locale.conf", "/etc/default/locale"].map {
                Self.file($0, ["LANG=\(locale.settingText)"])
            }
        case .keymap(let keymap):
            return [
                Self.file("/etc/vconsole.conf", ["KEYMAP=\(keymap.settingText)"]),
                Self.file(
                    "/etc/default/keyboard",
                    ["XKBMODEL=\"pc105\"", "XKBLAYOUT=\"\(keymap.layout)\"", "BACKSPACE=\"guess\""]),
            ]
        case .logIn(let mode): return [Self.file("/etc/roost/log-in", [mode.rawValue])]
        case .timeServers(let servers):
            let names = servers.map(\.settingText)
            return [
                Self.file(
                    "/etc/systemd/timesyncd.conf.d/roost.conf",
                    ["[Time]", "NTP=\(names.joined(separator: " "))"]),
                Self.file("/etc/chrony/sources.d/roost.sources", names.map { "server \($0) iburst" }),
            ]
        case .syslog(let target):
            return [Self.file("/etc/rsyslog.d/90-roost.conf", ["*.* @\(target.host):\(target.port)"])]
        case .moduleOptions(let modules):
            return [Self.file("/etc/modprobe.d/roost.conf", modules.flatMap(\.modprobeLines))]
        case .kernelParameterFile(let parameters):
            return [
                Self.file("/etc/sysctl.d/90-roost.conf", parameters.map { "\($0.key) = \($0.text)" })
            ]
        case .cron(let lines):
            return lines.map { Self.file("/etc/cron.d/roost-\($0.key)", [$0.text]) }
        default: return []
        }
    }

    private static func acts(_ mounts: [MountLine]) -> [StepAct] {
        mounts.filter { $0.key.hasPrefix("/") && $0.key != "/" }.map { .place(path: $0.key) }
            + [.lines(path: "/etc/fstab", name: "mounts", text: text(mounts.map(\.line)))]
    }

    private static func file(_ path: String, _ lines: [String]) -> StepAct {
        .write(path: path, mode: 0o644, content: Array(text(lines).utf8))
    }

    private static func text(_ lines: [String]) -> String { lines.map { "\($0)\n" }.joined() }
}

extension ModuleLine {
    fileprivate var modprobeLines: [String] {
        isDenied
            // A blacklist alone does not keep other modules from loading it (modprobe.d(5)).
            ? ["blacklist \(key)", "install \(key) /bin/false"]
            : ["options \(key) \(options.joined(separator: " "))"]
    }
}

extension GroupLine {
    fileprivate var act: StepAct {
        .account(path: "/etc/group", line: "\(key):x:\(gid):\(members.joined(separator: ","))")
    }
}

extension UserLine {
    fileprivate var acts: [StepAct] {
        let own = group == nil ? [StepAct.account(path: "/etc/group", line: "\(key):x:\(uid):")] : []
        let account = StepAct.user(
            line: "\(key):x:\(uid):\(group == nil ? "\(uid)" : ""):\(fullName):\(home):\(shell)",
            group: group ?? "", password: password ?? "*")
        return own + [account] + groups.map { .member(group: $0, user: key) }
    }
}

extension TimerLine {
    fileprivate var acts: [StepAct] {
        guard let moments else { return [] }
        // In a file of its own: units and lines of cron take ‘%’ and quotes in a command for something else.
        let script = StepAct.write(
            path: "/etc/roost/timers/\(key)", mode: 0o700, content: Array("#!/bin/sh\n\(command)\n".utf8))
        return [script, .timer(name: key, calendar: moments.calendar, cron: moments.cron)]
    }
}

extension ServiceLine {
    package var isDropIn: Bool { act.wish == nil }

    fileprivate var dropIn: StepAct? {
        guard case .dropIn(let name, let text) = act else { return nil }
        return .write(
            path: "/etc/systemd/system/\(unit).d/\(name)", mode: 0o644,
            content: Array((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }

    fileprivate func act(for wish: Wish) -> StepAct {
        .service(unit: unit, name: service, wish: wish.rawValue)
    }
}

extension ServiceLine.Act {
    fileprivate var wish: ServiceLine.Wish? {
        if case .wish(let wish) = self { wish } else { nil }
    }
}

extension MountLine {
    /// Mounts it, where the image's own start has not: its volume group is activated before that.
    fileprivate var mounting: StepAct {
        let activating =
            "if [ -n \"$2\" ] && command -v vgchange >/dev/null; then vgchange --activate y \"$2\"; fi; "
        let text = "grep -q \" $1 \" /proc/self/mounts || { \(activating)mount \"$1\"; }; true"
        return .program(words: ["/bin/sh", "-c", text, "sh", key, volumeGroup ?? ""])
    }

    /// The group of a logical volume: `/dev/GROUP/VOLUME`. Names below `/dev/mapper` belong to others, too, and are there when they are.
    var volumeGroup: String? {
        let parts = device.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, parts[1] == "dev", !parts[3].isEmpty,
            !["mapper", "disk", "block", "char", "md", "shm", "bus", "dri", "input", "snd", "net"].contains(
                parts[2]),
            parts[2].first != "-", !parts[2].isEmpty
        else { return nil }
        return String(parts[2])
    }
}
