/// The shell scripts that run on a node, embedded from `NodeScripts/`.
enum NodeScripts {
    /// File name in the initramfs → text, in the order of the archive.
    static let all: [(String, String)] = [
        ("init", Embedded.init_sh),
        ("parameters", Embedded.parameters_sh),
        ("steps/10-modules", Embedded.step10_modules_sh),
        ("steps/20-network", Embedded.step20_network_sh),
        ("steps/25-delivery", Embedded.step25_delivery_sh),
        ("steps/30-root", Embedded.step30_root_sh),
        ("steps/35-swap", Embedded.step35_swap_sh),
        ("steps/40-configuration", Embedded.step40_configuration_sh),
        ("steps/50-handover", Embedded.step50_handover_sh),
    ]
}
