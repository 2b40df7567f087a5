/// The shell scripts that run on a node, embedded from `NodeScripts/`.
enum NodeScripts {
    /// File name in the initramfs → bytes, in the order of the archive.
    static let all: [(String, [UInt8])] = [
        ("init", PackageResources.init_sh),
        ("parameters", PackageResources.parameters_sh),
        ("steps/10-modules", PackageResources.step10_modules_sh),
        ("steps/20-network", PackageResources.step20_network_sh),
        ("steps/30-root", PackageResources.step30_root_sh),
        ("steps/35-swap", PackageResources.step35_swap_sh),
        ("steps/40-configuration", PackageResources.step40_configuration_sh),
        ("steps/50-handover", PackageResources.step50_handover_sh),
    ]
}
