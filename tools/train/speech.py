"""The recordings, which of them are held out, and two-voice mixtures made of them on the fly.

Two groups of voices: the telephone prompts of six Debian packages, and (optionally) the digits of the Free Spoken
Digit Dataset. With both groups a mixture is one digit voice and one prompt voice; without digits, two prompt voices.
"""
import hashlib
import io
import pathlib
import tarfile
import wave

import numpy as np

RATE = 8000
PROMPTS = {  # voice -> (folder of the Debian package, speaker; English and Spanish are the same person)
    "en": ("en_US_f_Allison", "Allison Smith"), "es": ("es_MX_f_Allison", "Allison Smith"),
    "fr": ("fr_CA_f_June", "June Wallack"), "it": ("it_IT_m_Carlo", "Carlo Flora"),
    "ru": ("ru_RU_f_IvrvoiceRU", "Maxim Topal"), "menardi": ("it_IT_f_Menardi", "Paola Dal Zot"),
}
HELD_OUT_VOICES = ("george", "menardi")
HELD_OUT_SHARE = 0.06
SHORTEST, LONGEST = RATE // 5, RATE * 30
LARGEST_WAV_BYTES = 16 << 20
QUIETEST = 0.003  # RMS; below lie beeps, silence and noise beds
LEVEL_DIFFERENCE_DB = 5.0


def next_step(what, step):
    raise SystemExit(f"error: {what}; next: {step}")


def read_wav(file, name):
    """int16 samples of an 8 kHz mono 16-bit WAV, or None if it is of another kind."""
    try:
        with wave.open(file) as wav:
            if (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) != (RATE, 1, 2):
                return None
            return np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    except (wave.Error, EOFError) as problem:
        next_step(f"{name} is not a whole WAV file ({problem})", "reinstall its package or fetch the archive again")


class Utterance:
    def __init__(self, voice, name, samples):
        self.voice, self.name, self.samples = voice, name, samples
        self.digest = hashlib.sha256(samples.tobytes()).hexdigest()


def trim(samples):
    """Cuts the silence at both ends, 20 ms at a time, 40 dB below the loudest frame."""
    frame = RATE // 50
    count = len(samples) // frame
    if count < 2:
        return samples
    power = np.square(samples[: count * frame].reshape(count, frame).astype(np.float32)).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 1e-4)
    return samples[loud[0] * frame : (loud[-1] + 1) * frame]


def usable(samples):
    if not SHORTEST <= len(samples) <= LONGEST:
        return False
    return np.sqrt(np.square(samples.astype(np.float32) / 32768).mean()) >= QUIETEST


def prompt_utterances(root):
    root = pathlib.Path(root)
    missing = [folder for folder, _ in PROMPTS.values() if not (root / folder).is_dir()]
    if missing:
        next_step(f"no prompts in {root}: {', '.join(missing)}", "tools/train/get-speech FOLDER, then --prompts FOLDER")
    for voice, (folder, _) in PROMPTS.items():
        for path in sorted((root / folder).rglob("*.wav")):
            if path.is_symlink() or path.parent.name == "silence":
                continue
            yield voice, f"{folder}/{path.relative_to(root / folder)}", read_wav(str(path), path)


def digit_utterances(source):
    """`source`: the dataset's .tar.gz, or its unpacked folder."""
    source = pathlib.Path(source)
    if source.is_dir():
        files = [(path.name, path.read_bytes()) for path in sorted(source.rglob("*_*_*.wav"))]
    elif source.is_file():
        with tarfile.open(source) as archive:
            members = [m for m in archive.getmembers()
                       if m.isfile() and m.name.count("_") >= 2 and m.name.endswith(".wav") and m.size <= LARGEST_WAV_BYTES]
            files = [(pathlib.PurePosixPath(m.name).name, archive.extractfile(m).read()) for m in members]
    else:
        next_step(f"{source} does not exist", "give --digits the Free Spoken Digit Dataset: its .tar.gz or folder")
    if not files:
        next_step(f"no DIGIT_SPEAKER_NUMBER.wav in {source}", "give --digits the Free Spoken Digit Dataset")
    for name, content in sorted(files):
        yield name.split("_")[1], name, read_wav(io.BytesIO(content), name)


def listed(path):
    """Names of utterances, one a line, that are held out whatever their hash says."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


class Corpus:
    """Utterances by voice, in three parts: `train`, `held_out` (utterances of trained voices), `new_voices`.

    The part follows from the SHA-256 of the samples alone, so it is fixed before any training, the same on every
    machine, and a recording that appears under two names is held out under both. What is `left_out` is in none.
    """

    def __init__(self, prompts, digits=None, always_held_out=(), left_out=()):
        utterances = [Utterance(*each) for each in self._all(prompts, digits) if each[2] is not None]
        kept_apart = {u.digest for u in utterances if u.name in always_held_out}
        self.train, self.held_out, self.new_voices = {}, {}, {}
        seen = {u.digest for u in utterances if u.name in left_out}
        for utterance in utterances:
            digest, utterance.samples = utterance.digest, trim(utterance.samples)
            if digest in seen or not usable(utterance.samples):
                continue
            seen.add(digest)
            if utterance.voice in HELD_OUT_VOICES:
                part = self.new_voices
            elif digest in kept_apart or int(digest[:8], 16) < HELD_OUT_SHARE * 2**32:
                part = self.held_out
            else:
                part = self.train
            part.setdefault(utterance.voice, []).append(utterance.samples)
        self.has_digits = digits is not None
        if not self.has_digits:  # one new voice cannot make a pair: it meets held-out utterances of the known ones
            self.new_voices = {**self.held_out, **self.new_voices}

    @staticmethod
    def _all(prompts, digits):
        yield from prompt_utterances(prompts)
        if digits is not None:
            yield from digit_utterances(digits)

    def pairs(self, part):
        """The pairs of voices that a mixture of `part` may hold; never the same person twice."""
        voices = sorted(part)
        digits = [v for v in voices if v not in PROMPTS]
        prompts = [v for v in voices if v in PROMPTS]
        if self.has_digits:
            return [(d, p) for d in digits for p in prompts]
        pairs = [(a, b) for a in prompts for b in prompts if a < b and PROMPTS[a][1] != PROMPTS[b][1]]
        if part is self.new_voices:
            return [pair for pair in pairs if set(pair) & set(HELD_OUT_VOICES)]
        return pairs


def stream(utterances, length, random):
    """`length` samples of one voice: utterances in random order with short pauses, all at the same level."""
    pieces, total = [], 0
    while total < length:
        samples = utterances[random.integers(len(utterances))]
        if len(samples) > length:
            start = random.integers(len(samples) - length + 1)
            samples = samples[start : start + length]
        samples = samples.astype(np.float32)
        samples = samples / np.sqrt(np.square(samples).mean() + 1e-9)
        pause = np.zeros(random.integers(RATE // 50, RATE // 4), np.float32)
        pieces += [samples, pause]
        total += len(samples) + len(pause)
    offset = random.integers(total - length + 1)
    return np.concatenate(pieces)[offset : offset + length]


def mixtures(corpus, part, count, length, random):
    """voices [count, 2, length]; the mixture is their sum. Levels differ by up to 5 dB, the sum's peak is random."""
    pairs = corpus.pairs(part)
    if not pairs:
        next_step("there is no pair of voices in this part of the recordings", "give --digits too")
    voices = np.empty((count, 2, length), np.float32)
    for i in range(count):
        first, second = pairs[random.integers(len(pairs))]
        level_db = random.uniform(-LEVEL_DIFFERENCE_DB, LEVEL_DIFFERENCE_DB)
        voices[i, 0] = stream(part[first], length, random) * 10 ** (level_db / 40)
        voices[i, 1] = stream(part[second], length, random) * 10 ** (-level_db / 40)
        voices[i] *= random.uniform(0.1, 0.9) / (np.abs(voices[i].sum(axis=0)).max() + 1e-9)
    return voices
