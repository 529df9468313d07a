"""Prints tests/serve/analysis_vectors.h: needs stumpy and scipy."""
import numpy as np, stumpy
from scipy.signal import hilbert
rng=np.random.default_rng(20261201)
n,d,m=48,3,6
t=np.arange(n)
a=np.stack([np.sin(2*np.pi*t/17),np.cos(2*np.pi*t/11),np.sin(2*np.pi*t/29)],1)+0.4*rng.standard_normal((n,d))
a=a.astype(np.float32)
b=(np.roll(a,3,axis=0)+0.8*rng.standard_normal((n,d))).astype(np.float32)
stumpy.config.STUMPY_EXCL_ZONE_DENOM=2
P,I=stumpy.mstump(a.T.astype(np.float64),m)
p,i=P[-1],I[-1]
L=8
def corr(lag):
    r=[]
    for k in range(d):
        x=a[max(0,-lag):n-max(0,lag),k].astype(float); y=b[max(0,-lag)+lag:n-max(0,lag)+lag,k].astype(float)
        r.append(np.corrcoef(x,y)[0,1])
    return np.mean(r)
c=[corr(l) for l in range(-L,L+1)]
A=a.astype(float)-a.astype(float).mean(0); B=b.astype(float)-b.astype(float).mean(0)
v=np.linalg.svd(np.concatenate([A,B]),full_matrices=False)[2][0]
ha,hb=hilbert(A@v),hilbert(B@v)
z=np.mean(np.exp(1j*(np.angle(ha)-np.angle(hb))))
def arr(name,typ,vals,f):
    out=f"inline constexpr {typ} {name}[] = {{\n"
    line="   "
    for x in vals:
        w=" "+f(x)+","
        if len(line)+len(w)>98: out+=line+"\n"; line="   "
        line+=w
    return out+line+"\n};\n"
print("""// Made by tools/make_analysis_vectors.py with STUMPY %s, SciPy and NumPy: latents of two devices, what recurs in the first, and how the
// two move together.
#pragma once

#include <cstdint>

namespace tessera {

inline constexpr int64_t kVectorDimensions = %d;
inline constexpr int64_t kVectorLength = %d;
inline constexpr int64_t kVectorMaxLag = %d;"""%(stumpy.__version__,d,m,L))
g=lambda x: repr(float(x)) 
gf=lambda x: ("%.9g"%x) + ("F" if any(ch in "%.9g"%x for ch in ".e") else ".0F")
print(arr("kVectorLatents","float",a.ravel(),gf))
print(arr("kVectorOther","float",b.ravel(),gf))
print(arr("kVectorProfile","double",p,g))
print(arr("kVectorNearest","int64_t",i,lambda x:str(int(x))))
print(arr("kVectorCorrelation","double",c,g))
print("inline constexpr double kVectorPhaseLocking = %r;"%float(abs(z)))
print("inline constexpr double kVectorPhaseDifference = %r;"%float(np.angle(z)))
print("\n}  // namespace tessera")
