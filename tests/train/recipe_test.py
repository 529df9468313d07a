"""tools/train on synthetic voices: recipe_test.py TESSERA SOURCE_DIR. Exits with 77, skipped, without PyTorch."""
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest
import wave

try:
    import numpy as np
    import torch
except ImportError as problem:
    print(f"skipped: {problem}; apt-get install python3-torch")
    sys.exit(77)

TESSERA, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
sys.path.insert(0, str(SOURCE / "tools/train"))
sys.dont_write_bytecode = True
import conv_tasnet  # noqa: E402
import make_mixtures  # noqa: E402
import si_snr  # noqa: E402
import speech  # noqa: E402
import train  # noqa: E402

TOLERANCE = 1e-5


def write_wav(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def tone(pitch_hz, seconds):
    time_s = np.arange(int(seconds * speech.RATE)) / speech.RATE
    return 0.2 * np.sin(2 * np.pi * pitch_hz * time_s) + 0.1 * np.sin(4 * np.pi * pitch_hz * time_s)


def write_voices(folder):
    """Every prompt voice hums at its own pitch, two digit speakers far below; 40 utterances each."""
    for v, (package, _) in enumerate(speech.PROMPTS.values()):
        for i in range(40):
            write_wav(folder / "prompts" / package / f"{i}.wav", tone(400 + 50 * v + i, 0.3 + 0.01 * i))
    for v, speaker in enumerate(("ann", speech.HELD_OUT_VOICES[0])):
        for i in range(40):
            write_wav(folder / "digits" / f"1_{speaker}_{i}.wav", tone(90 + 30 * v + i / 2, 0.25 + 0.01 * i))
    return folder / "prompts", folder / "digits"


def settings(output, **changed):
    return types.SimpleNamespace(**{"variant": "gln", "init": None, "minutes": None, "steps": 3, "learning_rate": 1e-3,
                                    "batch": 2, "seconds": 0.25, "seed": 1, "threads": 1, "output": str(output), **changed})


class Recipe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.prompts, cls.digits = write_voices(cls.folder)
        cls.corpus = speech.Corpus(cls.prompts, cls.digits)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def trained(self, name, corpus=None, **changed):
        run = train.Run(settings(self.folder / name, **changed))
        train.train(run, corpus or self.corpus)
        return run

    def computed_by_tessera(self, checkpoint, wave_in):
        array_in, array_out = self.folder / "in.npy", self.folder / "out.npy"
        np.save(array_in, wave_in.reshape(1, 1, -1))
        subprocess.run([TESSERA, "run", checkpoint, "--input", array_in, "--output", array_out, "--force"],
                       check=True, stdout=subprocess.DEVNULL)
        return np.load(array_out)

    def assert_tessera_agrees(self, checkpoint):
        wave_in = np.random.default_rng(3).standard_normal(4003).astype(np.float32) * 0.1
        with torch.no_grad():
            expected = conv_tasnet.load(checkpoint).eval()(torch.from_numpy(wave_in[None])).numpy()
        actual = self.computed_by_tessera(checkpoint, wave_in)
        self.assertEqual(actual.size, expected.size)
        self.assertLessEqual(np.abs(actual.reshape(expected.shape) - expected).max(), TOLERANCE)

    def test_tessera_computes_every_trained_variant_as_torch_does(self):
        for variant in conv_tasnet.VARIANTS:
            with self.subTest(variant):
                run = self.trained(f"{variant}.pth", variant=variant)
                self.assertEqual(run.step, 3)
                self.assert_tessera_agrees(self.folder / f"{variant}.pth")

    def test_tessera_computes_every_shipped_network_as_torch_does(self):
        shipped = sorted((SOURCE / "models").glob("*.pth"))
        self.assertTrue(shipped)
        for checkpoint in shipped:
            with self.subTest(checkpoint.name):
                self.assert_tessera_agrees(checkpoint)

    def test_the_network_is_asteroids(self):
        for name in ("gln_sigmoid", "bn_k5", "causal_cln", "enc_relu_k20"):
            with self.subTest(name):
                vectors = SOURCE / "tests/data/asteroid"
                with torch.no_grad():
                    actual = conv_tasnet.load(vectors / f"{name}.pth").eval()(
                        torch.from_numpy(np.load(vectors / f"{name}.in.npy")).flatten()[None]).numpy()
                expected = np.load(vectors / f"{name}.out.npy")
                self.assertLessEqual(np.abs(actual.reshape(expected.shape) - expected).max(), 1e-6)

    def test_the_same_seed_trains_the_same_network(self):
        first, second = self.trained("a.pth").network, self.trained("b.pth").network
        for one, other in zip(first.state_dict().values(), second.state_dict().values()):
            self.assertTrue(torch.equal(one, other))

    def test_an_interrupted_run_goes_on_as_if_it_had_not_been(self):
        whole = self.trained("whole.pth", variant="bn", steps=4)
        part = train.Run(settings(self.folder / "part.pth", variant="bn", steps=4))
        part.network.train()
        for _ in range(2):
            voices = speech.mixtures(self.corpus, self.corpus.train, 2, speech.RATE // 4, np.random.default_rng((1, part.step)))
            part.train_step(torch.from_numpy(voices))
        part.save()
        resumed = self.trained("part.pth", variant="bn", steps=4)
        self.assertEqual(resumed.step, 4)
        for kept in ("network", "average"):
            for one, other in zip(getattr(whole, kept).state_dict().values(), getattr(resumed, kept).state_dict().values()):
                self.assertTrue(torch.equal(one, other), kept)

    def test_the_average_of_the_weights_is_what_gets_saved(self):
        run = self.trained("average.pth")
        saved = conv_tasnet.load(self.folder / "average.pth").state_dict()
        for name, mean in run.average.state_dict().items():
            self.assertTrue(torch.equal(saved[name], mean), name)
        self.assertFalse(torch.equal(saved["encoder.filterbank._filters"], run.network.encoder.filterbank._filters))

    def test_a_state_of_other_settings_is_refused(self):
        self.trained("state.pth")
        with self.assertRaisesRegex(SystemExit, "is of a run with other settings.*next: repeat them, or choose another --output"):
            train.Run(settings(self.folder / "state.pth", seed=2))

    def test_a_checkpoint_of_another_variant_does_not_initialise(self):
        self.trained("global.pth")
        with self.assertRaisesRegex(SystemExit, "global.pth is not of variant causal; next: choose the --variant it was trained as"):
            train.Run(settings(self.folder / "causal_from_global.pth", variant="causal", init=str(self.folder / "global.pth")))

    def test_training_lowers_the_loss(self):
        run = train.Run(settings(self.folder / "longer.pth", steps=30))
        voices = torch.from_numpy(speech.mixtures(self.corpus, self.corpus.train, 2, 2000, np.random.default_rng(0)))
        gains = [run.train_step(voices) for _ in range(30)]
        self.assertGreater(gains[-1], gains[0] + 1)

    def test_held_out_recordings_are_nowhere_in_training(self):
        trained = {u.tobytes() for part in self.corpus.train.values() for u in part}
        held = {u.tobytes() for part in self.corpus.held_out.values() for u in part}
        self.assertTrue(trained and held)
        self.assertFalse(trained & held)
        self.assertFalse(set(self.corpus.train) & set(speech.HELD_OUT_VOICES))
        self.assertEqual(set(self.corpus.new_voices), set(speech.HELD_OUT_VOICES))

    def test_a_listed_recording_is_held_out_also_under_another_name(self):
        folder = self.folder / "twins"
        prompts, digits = write_voices(folder)
        package = speech.PROMPTS["en"][0]
        (prompts / package / "twin.wav").write_bytes((prompts / package / "7.wav").read_bytes())
        before = speech.Corpus(prompts, digits).train["en"]
        after = speech.Corpus(prompts, digits, {f"{package}/twin.wav"}).train["en"]
        twin = speech.trim(speech.read_wav(str(prompts / package / "7.wav"), "7.wav")).tobytes()
        self.assertIn(twin, {u.tobytes() for u in before})
        self.assertNotIn(twin, {u.tobytes() for u in after})

    def test_a_recording_that_is_left_out_is_in_no_part(self):
        name = "1_ann_7.wav"
        corpus = speech.Corpus(self.prompts, self.digits, left_out={name})
        left_out = tone(90 + 7 / 2, 0.25 + 0.01 * 7)
        write_wav(self.folder / name, left_out)
        digest = speech.trim(speech.read_wav(str(self.folder / name), name)).tobytes()
        for part in (corpus.train, corpus.held_out, corpus.new_voices):
            self.assertNotIn(digest, {u.tobytes() for utterances in part.values() for u in utterances})

    def test_written_mixtures_are_the_sums_of_their_voices(self):
        output = self.folder / "mixtures"
        command = [sys.executable, make_mixtures.__file__, "--prompts", self.prompts, "--digits", self.digits, "--count", "2",
                   "--seconds", "0.5", "-o", output]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for name in ("00", "01"):
            mix, first, second = (speech.read_wav(str(output / f"{name}_{part}.wav"), part) for part in ("mix", "s1", "s2"))
            np.testing.assert_array_equal(mix, first + second)
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(again.stderr, f"error: {output} cannot be made (File exists); next: choose another --output\n")

    def test_without_digits_two_prompt_voices_of_different_people_are_mixed(self):
        corpus = speech.Corpus(self.prompts)
        pairs = corpus.pairs(corpus.train)
        self.assertIn(("en", "fr"), pairs)
        self.assertNotIn(("en", "es"), pairs)  # the same person
        self.assertTrue(all("menardi" in pair for pair in corpus.pairs(corpus.new_voices)))

    def test_a_missing_package_is_named(self):
        with self.assertRaisesRegex(SystemExit, "no prompts in .*en_US_f_Allison.*next: tools/train/get-speech FOLDER"):
            speech.Corpus(self.folder / "nowhere")

    def test_improvement_is_what_the_mixture_lacks(self):
        voices = torch.from_numpy(np.stack([tone(200, 1), tone(333, 1)])[None].astype(np.float32))
        mixture = voices.sum(1, keepdim=True)
        self.assertAlmostEqual(si_snr.improvement_db(mixture.repeat(1, 2, 1), voices).item(), 0, places=4)
        better = (0.9 * voices + 0.1 * voices.flip(1)).flip(1)  # the order does not matter
        self.assertAlmostEqual(si_snr.best_order_db(better, voices).item(), 20 * np.log10(9), places=2)

    def test_a_failed_write_leaves_the_old_checkpoint(self):
        path = self.folder / "kept.pth"
        conv_tasnet.write_atomically({"a": 1}, path)
        with self.assertRaises(Exception):
            conv_tasnet.write_atomically({"a": lambda: 1}, path)  # cannot be pickled
        self.assertEqual(torch.load(path), {"a": 1})
        self.assertFalse(list(self.folder.glob(".unfinished-*")))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
